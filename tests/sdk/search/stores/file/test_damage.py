"""The gallery file: every kind of damage, and headers that lie."""

import hashlib
import json
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk.errors import GalleryError
from fashionsdk.search._matcher import Matcher
from fashionsdk.search.stores.file._gallery_file import read_gallery, write_gallery
from tests.sdk.search.stores.file.small_gallery import small


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
