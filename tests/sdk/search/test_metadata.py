"""Metadata that JSON does not have is named by item and field; what a gallery holds was checked before."""

import hashlib
import json
import struct
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import GalleryError
from fashionsdk.search import Matcher
from fashionsdk.search.stores import count_items


def embeddings(count=2):
    return Embeddings(np.eye(4, dtype=np.float32)[:count, None], ("colour",), "model-1")


LOOP: list[object] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("entry", "kind", "words"),
    [
        ({"price": Decimal("19.99")}, TypeError, r"price is Decimal\('19.99'\), Decimal; .* float\(\) or str\(\)"),
        ({"price": float("nan")}, ValueError, "price is nan, float; expected a finite number; leave the field out"),
        ({"price": np.float32("inf")}, ValueError, "price is .*inf.*; expected a finite number"),
        ({"size": {"waist": [1, {2}]}}, TypeError, r"size\.waist\[1\] is \{2\}, set; expected text"),
        ({"row": np.arange(3)}, TypeError, r"row is array\(\[0, 1, 2\]\), ndarray; .*\.tolist\(\)"),
        ({"row": LOOP}, ValueError, r"row\[0\]"),
        ({("a", "b"): 1}, TypeError, r"it is \{\('a', 'b'\): 1\}, dict"),
        ({"day": np.datetime64("2024-05-01")}, TypeError, "day is .*2024-05-01.*, datetime64"),
    ],
)
def test_what_json_lacks_is_named_by_key_and_field(entry, kind, words):
    matcher = Matcher.empty(["colour"], 4, "model-1")
    with pytest.raises(kind, match=rf"^the metadata of 'b\.jpg' cannot be stored: {words}"):
        matcher.add(["a.jpg", "b.jpg"], embeddings(), [{"price": 1}, entry])
    assert len(matcher) == 0


def test_numpys_numbers_become_plain_ones(tmp_path):
    given: dict[str, Any] = {
        "price": np.float32(0.5),
        "stock": np.int64(3),
        "new": np.bool_(True),
        "sizes": [np.uint8(36)],
    }
    Matcher(["a"], embeddings(1), [given]).save(tmp_path / "x.gallery")
    metadata = Matcher.load(tmp_path / "x.gallery").get("a").metadata
    assert metadata == {"price": 0.5, "stock": 3, "new": True, "sizes": [36]}
    assert [type(value) for value in metadata.values()] == [float, int, bool, list]


def with_items(path, items):
    """Write other items into a gallery and make its digests right, as another program would."""
    data = path.read_bytes()
    length = struct.unpack_from("<I", data, 12)[0]
    header, start = json.loads(data[48 : 48 + length]), (48 + length + 63) // 64 * 64
    blocks = [items] + [data[start + part["offset"] :][: part["bytes"]] for part in header["sections"][1:]]
    body = b""
    for part, block in zip(header["sections"], blocks, strict=True):
        body += bytes(-len(body) % 64)
        part.update(offset=len(body), bytes=len(block), sha256=hashlib.sha256(block).hexdigest())
        body += block
    text = json.dumps(header).encode()
    prelude = struct.pack("<8sII32s", data[:8], 2, len(text), hashlib.sha256(text).digest())
    path.write_bytes(prelude + text + bytes(-(48 + len(text)) % 64) + body)


@pytest.mark.parametrize("number", ["1e999", "-1e400", "NaN", "Infinity", "1" + "0" * 400 + ".0"])
def test_a_number_that_is_not_finite_is_found_at_load(tmp_path, number):
    path = tmp_path / "x.gallery"
    Matcher(["a", "b"], embeddings()).save(path)
    with_items(path, b'{"keys":["a","b"],"metadata":[{"price":20.5},{"size":{"waist":%s}}]}' % number.encode())
    expected = r"is damaged: the metadata of 'b': size\.waist is (-?inf|nan), float; expected a finite number"
    with pytest.raises(GalleryError, match=expected):
        Matcher.load(path)
    with_items(path, b'{"keys":["a","b"],"metadata":[{"price":20.5},{"size":{"waist":1e300}}]}')
    assert Matcher.load(path).get("b").metadata == {"size": {"waist": 1e300}}


def test_items_are_counted_by_the_header_alone(tmp_path):
    path = tmp_path / "x.gallery"
    Matcher(["a", "b"], embeddings()).save(path)
    assert count_items(path) == 2
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(GalleryError, match="is damaged"):
        count_items(path)
