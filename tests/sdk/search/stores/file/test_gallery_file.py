"""The gallery file: a golden layout, and what is written comes back."""

import hashlib
import json
import struct

import numpy as np

from fashionsdk.embeddings import Embeddings
from fashionsdk.search._matcher import Matcher
from fashionsdk.search.stores import Contract
from fashionsdk.search.stores.file._gallery_file import read_gallery, write_gallery
from tests.sdk.search.stores.file.small_gallery import AXES, first_version, small


def test_what_is_written_is_read_back(path):
    read = read_gallery(path, model="model-1")
    assert (read.keys, read.metadata) == (["a.jpg", "b\udcff.jpg"], [{"price": 20}, {}])
    assert read.contract == small().contract
    assert list(read.vectors) == ["neckline", "colour"]
    for name, rows in small().vectors.items():
        np.testing.assert_array_equal(read.vectors[name], rows)
        assert read.vectors[name].dtype == np.float32


def test_a_matcher_comes_back_whole_and_can_grow(tmp_path):
    vectors = Embeddings(AXES[[0, 1]][:, None].repeat(2, axis=1), ("neckline", "colour"), "model-1")
    Matcher(["a", "b"], vectors, [{"price": 1}, {}]).save(tmp_path / "x.gallery")
    loaded = Matcher.load(tmp_path / "x.gallery", model="model-1")
    loaded.add(["c"], Embeddings(AXES[[2]][:, None].repeat(2, axis=1), ("neckline", "colour"), "model-1"))
    assert loaded.keys == ("a", "b", "c")
    assert loaded.get("a").metadata == {"price": 1}
    assert loaded.search(loaded.get("c").embeddings, "colour", k=1).keys == [["c"]]


def test_an_empty_gallery_is_saved_and_loaded(tmp_path):
    Matcher.empty(["neckline", "colour"], 5, "m").save(tmp_path / "x.gallery")
    loaded = Matcher.load(tmp_path / "x.gallery")
    assert (len(loaded), loaded.attributes, loaded.dimension) == (0, ("neckline", "colour"), 5)


def test_the_layout_is_the_documented_one(path):
    """Read the file with nothing but the document's words."""
    data = path.read_bytes()
    magic, version, length, digest = struct.unpack_from("<8sII32s", data)
    assert (magic, version) == (b"\x89FSG\r\n\x1a\n", 2)
    text = data[48 : 48 + length]
    assert digest == hashlib.sha256(text).digest()
    header = json.loads(text)
    assert (header["count"], header["contract"]) == (
        2,
        {
            "digest": "model-1",
            "dimensions": [["neckline", 3], ["colour", 2]],
            "codec": "float32",
            "precision": "fp16",
            "preprocessing": None,
        },
    )
    start = (48 + length + 63) // 64 * 64
    parts = {}
    for section in header["sections"]:
        assert section["offset"] % 64 == 0
        block = data[start + section["offset"] :][: section["bytes"]]
        assert hashlib.sha256(block).hexdigest() == section["sha256"]
        parts[section["name"]] = block
    assert list(parts) == ["items", "vectors/neckline", "vectors/colour"]
    items = json.loads(parts["items"])
    assert items == {"keys": ["a.jpg", "b\udcff.jpg"], "metadata": [{"price": 20}, {}]}
    np.testing.assert_array_equal(np.frombuffer(parts["vectors/colour"], "<f4").reshape(2, 2), AXES[[2, 0], :2])


def test_a_file_of_version_1_is_read(tmp_path):
    first_version(tmp_path / "old.gallery")
    read = read_gallery(tmp_path / "old.gallery")
    assert read.contract == Contract("model-1", {"neckline": 3, "colour": 3})
    np.testing.assert_array_equal(read.vectors["colour"], AXES[[2, 0]])
    assert Matcher.load(tmp_path / "old.gallery").get("a.jpg").metadata == {"price": 20}


def test_equal_galleries_are_equal_files(tmp_path, path):
    write_gallery(tmp_path / "again.gallery", small())
    assert (tmp_path / "again.gallery").read_bytes() == path.read_bytes()
