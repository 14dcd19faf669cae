"""The gallery file: a golden layout, every kind of damage, and a saver that is killed at random moments."""

import hashlib
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk._tools.files.atomic_file import replacing
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import GalleryError
from fashionsdk.search._matcher import Matcher
from fashionsdk.search.stores import Contract
from fashionsdk.search.stores.file._gallery_file import GalleryContents, read_gallery, write_gallery

AXES = np.eye(3, dtype=np.float32)


def small() -> GalleryContents:
    vectors = {"neckline": AXES[[0, 1]], "colour": AXES[[2, 0], :2]}
    contract = Contract("model-1", {"neckline": 3, "colour": 2}, precision="fp16")
    return GalleryContents(contract, ["a.jpg", "b\udcff.jpg"], [{"price": 20}, {}], vectors)


def first_version(path) -> None:
    """Write the small gallery as version 1 has it, with nothing but the document's words."""
    rows = {"neckline": AXES[[0, 1]], "colour": AXES[[2, 0]]}
    items = json.dumps({"keys": ["a.jpg", "b\udcff.jpg"], "metadata": [{"price": 20}, {}]}).encode()
    blocks = {"items": items} | {f"vectors/{name}": each.astype("<f4").tobytes() for name, each in rows.items()}
    sections, body = [], b""
    for name, block in blocks.items():
        body += bytes(-len(body) % 64)
        digest = hashlib.sha256(block).hexdigest()
        sections.append({"name": name, "offset": len(body), "bytes": len(block), "sha256": digest})
        body += block
    described = {"model": "model-1", "attributes": list(rows), "dimension": 3, "count": 2, "sections": sections}
    header = json.dumps(described).encode()
    start = struct.pack("<8sII32s", b"\x89FSG\r\n\x1a\n", 1, len(header), hashlib.sha256(header).digest()) + header
    path.write_bytes(start + bytes(-len(start) % 64) + body)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "shop.gallery"
    write_gallery(path, small())
    return path


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


@pytest.mark.slow
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_found(path, data):
    whole = path.read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != whole[position]))
    damaged = path.with_name("damaged.gallery")
    damaged.write_bytes(whole[:position] + bytes([value]) + whole[position + 1 :])
    with pytest.raises(GalleryError):
        Matcher.load(damaged)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_cut_or_insertion_is_found(path, data):
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    changed = whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:]
    damaged = path.with_name("damaged.gallery")
    damaged.write_bytes(changed)
    if changed == whole:
        Matcher.load(damaged)
    else:
        with pytest.raises(GalleryError):
            Matcher.load(damaged)


def resealed(path, change):
    """Rewrite the header with ``change`` applied and its digest made right, as a hostile writer would."""
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    header, body = json.loads(data[48 : 48 + length]), data[(48 + length + 63) // 64 * 64 :]
    text = change(header)
    text = text if isinstance(text, bytes) else json.dumps(header).encode()
    prelude = struct.pack("<8sII32s", data[:8], 1, len(text), hashlib.sha256(text).digest())
    path.write_bytes(prelude + text + bytes(-(48 + len(text)) % 64) + body)
    return path


HOSTILE = {
    "an absurd count": lambda header: header.update(count=10**30),
    "a negative count": lambda header: header.update(count=-1),
    "a zero dimension": lambda header: header["contract"]["dimensions"][0].__setitem__(1, 0),
    "an absurd dimension": lambda header: header["contract"]["dimensions"][0].__setitem__(1, 2**62),
    "a dimension of text": lambda header: header["contract"]["dimensions"][0].__setitem__(1, "3"),
    "dimensions exchanged": lambda header: header["contract"].update(dimensions=[["neckline", 2], ["colour", 3]]),
    "another count": lambda header: header.update(count=3),
    "another codec": lambda header: header["contract"].update(codec="int8"),
    "an unknown codec": lambda header: header["contract"].update(codec=[]),
    "a precision that is a number": lambda header: header["contract"].update(precision=16),
    "a contract that is a list": lambda header: header.update(contract=[]),
    "an entry of the contract missing": lambda header: header["contract"].pop("digest"),
    "an entry of the contract too many": lambda header: header["contract"].update(more=1),
    "a true count": lambda header: header.update(count=True),
    "an extra entry": lambda header: header.update(extra=1),
    "a missing entry": lambda header: header.pop("contract"),
    "an attribute twice": lambda header: header["contract"]["dimensions"][0].__setitem__(0, "colour"),
    "no attributes": lambda header: header["contract"].update(dimensions=[]),
    "a numeric attribute": lambda header: header["contract"]["dimensions"][0].__setitem__(0, 4),
    "sections missing": lambda header: header["sections"].pop(),
    "a section of text": lambda header: header["sections"].__setitem__(0, "items"),
    "a negative size": lambda header: header["sections"][0].update(bytes=-64),
    "a huge size": lambda header: header["sections"][0].update(bytes=2**60),
    "a size of text": lambda header: header["sections"][0].update(bytes="64"),
    "overlapping sections": lambda header: header["sections"][2].update(offset=header["sections"][1]["offset"]),
    "a digest of None": lambda header: header["sections"][0].update(sha256=None),
    "another digest": lambda header: header["sections"][1].update(sha256="0" * 64),
    "NaN": lambda header: json.dumps(header | {"count": float("nan")}).encode(),
    "no JSON": lambda header: b"{",
    "no text": lambda header: b"\xff\xfe",
    "a list": lambda header: b"[]",
    "deep nesting": lambda header: b"[" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_header_that_lies_is_found(path, name):
    with pytest.raises(GalleryError, match=r"is damaged: .*restore a copy, or make it again"):
        read_gallery(resealed(path, HOSTILE[name]))


@pytest.mark.parametrize(
    "items",
    [
        {"keys": ["a", "a"], "metadata": [{}, {}]},
        {"keys": ["a", 1], "metadata": [{}, {}]},
        {"keys": ["a"], "metadata": [{}, {}]},
        {"keys": ["a", "b"], "metadata": [{}, []]},
        {"keys": ["a", "b"], "metadata": {}},
        {"keys": ["a", "b"]},
        [],
    ],
)
def test_items_that_do_not_fit_are_found(path, items, monkeypatch):
    real = json.dumps
    monkeypatch.setattr(json, "dumps", lambda value, **options: real(items if "keys" in value else value, **options))
    write_gallery(path, small())
    with pytest.raises(GalleryError, match="is damaged"):
        read_gallery(path)


def test_vectors_that_are_not_unit_length_are_found_at_load(path):
    contents = small()
    contents.vectors["colour"][1] = 2
    write_gallery(path, contents)
    with pytest.raises(GalleryError, match="not usable: the 'colour' vector"):
        Matcher.load(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a gallery"),
        (b"PK\x03\x04" + bytes(100), "is not a gallery"),
        (b"\x89FSG\n\x1a\n" + bytes(100), "is not a gallery"),
        (b"\x89FSG\r\n\x1a\n", "ends inside its first bytes"),
        (b"\x89FSG\r\n\x1a\n" + struct.pack("<II32s", 3, 0, b""), "format 3, this SDK reads 1 to 2"),
        (b"\x89FSG\r\n\x1a\n" + struct.pack("<II32s", 1, 2**32 - 1, b""), "does not fit its 48 bytes"),
    ],
)
def test_a_file_that_is_no_gallery_is_refused(tmp_path, data, message):
    (tmp_path / "x.gallery").write_bytes(data)
    with pytest.raises(GalleryError, match=message):
        Matcher.load(tmp_path / "x.gallery")


def test_a_gallery_of_another_model_is_refused(path):
    with pytest.raises(GalleryError, match="made by model model-1, expected model-2; open it with the bundle"):
        Matcher.load(path, model="model-2")


def test_a_missing_gallery_is_refused(tmp_path):
    for name in (tmp_path / "none.gallery", tmp_path):
        with pytest.raises(GalleryError, match=r"no gallery at .*; make one with 'fashionsdk index'"):
            Matcher.load(name)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(GalleryError, match="No such file or directory; what was saved there before is untouched"):
        write_gallery(tmp_path / "none" / "x.gallery", small())


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path):
    before = path.read_bytes()
    with suppress(RuntimeError), replacing(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_link_stays_a_link(path):
    link = path.with_name("link.gallery")
    link.symlink_to(path)
    write_gallery(link, GalleryContents(Contract("model-2", {"colour": 3}), [], [], {"colour": AXES[:0]}))
    assert link.is_symlink()
    assert read_gallery(path).contract.digest == "model-2"


def test_the_bytes_reach_the_disk_before_the_name_changes(path, monkeypatch):
    calls = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(fd):
        calls.append("fsync")
        real_fsync(fd)

    def replace(*names):
        calls.append("replace")
        real_replace(*names)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_gallery(path, small())
    assert calls == ["fsync", "replace", "fsync"]


SAVER = """
import sys, numpy as np
from fashionsdk.embeddings import Embeddings
from fashionsdk.search._matcher import Matcher
path, start = sys.argv[1], int(sys.argv[2])
for version in range(start, start + 10**6):
    vectors = np.zeros((500, 2, 64), np.float32)
    vectors[:, :, version % 64] = 1
    Matcher([f"{version}/{row}" for row in range(500)], Embeddings(vectors, ("a", "b"), "m")).save(path)
    print(version, flush=True)
"""


@pytest.mark.slow
def test_a_saver_killed_at_any_moment_loses_nothing_that_was_saved(tmp_path):
    path, random_moment, finished = tmp_path / "shop.gallery", random.Random(0), -1
    for _ in range(8):
        command = [sys.executable, "-c", SAVER, str(path), str(finished + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as saver:
            assert saver.stdout is not None
            finished = int(saver.stdout.readline())
            time.sleep(random_moment.uniform(0, 0.08))
            saver.send_signal(signal.SIGKILL)
            finished = max([finished, *map(int, saver.stdout.read().split())])
        loaded = Matcher.load(path, model="m")
        version = int(loaded.keys[0].split("/")[0])
        assert version in (finished, finished + 1)
        assert loaded.keys == tuple(f"{version}/{row}" for row in range(500))
        assert loaded.get(loaded.keys[-1]).embeddings["b"][0, version % 64] == 1
        finished = version
    loaded.save(path)
    assert os.listdir(tmp_path) == [path.name]


def test_two_savers_take_turns(tmp_path):
    path = tmp_path / "shop.gallery"
    savers = [
        subprocess.Popen(
            [sys.executable, "-c", SAVER.replace("10**6", "30"), str(path), str(start)], stdout=subprocess.DEVNULL
        )
        for start in (0, 1000)
    ]
    assert [saver.wait() for saver in savers] == [0, 0]
    assert Matcher.load(path).keys[0] in ("29/0", "1029/0")
    assert os.listdir(tmp_path) == [path.name]
