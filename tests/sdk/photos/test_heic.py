"""HEIC photos: read where pillow-heif is installed, and a remedy where it is not."""

import io
import struct
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from fashionsdk.photos import Preprocessing, open_image
from fashionsdk.photos.containers._heif import is_heic
from tests.sdk.photos import profiles
from tests.sdk.photos.photos import encode, reason

CODING = 6  # levels: the format is lossy


def head(*brands: bytes) -> bytes:
    box = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return struct.pack(">I", len(box) + 4) + box


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (head(b"heic", b"mif1", b"heic"), True),
        (head(b"mif1", b"miaf", b"heix"), True),
        (head(b"hevc"), True),
        (head(b"mif1", b"avif", b"miaf"), False),
        (head(b"avif", b"mif1"), False),
        (head(b"mif1"), False),
        (head(b"isom", b"mp42"), False),
        (b"\xff\xff\xff\xffftypmif1" + bytes(300), False),
        (b"ftyp", False),
    ],
)
def test_heic_is_told_from_avif_by_its_brands(data: bytes, expected: bool):
    assert is_heic(data) is expected


def test_without_pillow_heif_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    expected = 'is HEIC; run pip install "fashionsdk[heif]" to read it'
    assert reason(head(b"heic", b"mif1", b"heic") + bytes(99)) == expected
    assert reason(head(b"mif1", b"heic")) == expected


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_avif_is_not_taken_for_heic():
    data = encode(Image.new("RGB", (16, 16), "red"), "AVIF")
    assert open_image(data.replace(b"ftypavif", b"ftypmif1", 1)).size == (16, 16)


@pytest.fixture
def photo() -> Image.Image:
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:, :48] = 200, 30, 40
    pixels[:, 48:] = 30, 180, 60
    return Image.fromarray(pixels)


def heic(photo: Image.Image, **options: Any) -> bytes:
    library = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    library.from_pillow(photo).save(buffer, quality=95, **options)
    return buffer.getvalue()


def test_a_heic_photo_is_read(photo: Image.Image, tmp_path):
    data = heic(photo)
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(data)
    for source in (data, path, str(path)):
        got = open_image(source)
        assert got.size == photo.size
        assert abs(np.asarray(got).astype(int) - np.asarray(photo))[:, [0, 20, 70, 95]].max() <= CODING
    assert Preprocessing(16).read(data).shape == (16, 16, 3)


def test_a_heic_photo_is_turned_once(photo: Image.Image):
    exif = Image.Exif()
    exif[0x0112] = 6
    got = np.asarray(open_image(heic(photo, exif=exif.tobytes()))).astype(int)
    assert got.shape == (96, 64, 3)
    assert abs(got[5] - (200, 30, 40)).max() <= CODING
    assert abs(got[-5] - (30, 180, 60)).max() <= CODING


def test_a_heic_photo_in_display_p3_comes_out_in_srgb(photo: Image.Image):
    got = np.asarray(open_image(heic(photo, icc_profile=profiles.rgb("Display P3")))).astype(int)
    expected = np.asarray(open_image(encode(photo, "PNG", icc_profile=profiles.rgb("Display P3")))).astype(int)
    assert abs(expected - np.asarray(photo)).max() > 15
    assert abs(got - expected)[:, [0, 20, 70, 95]].max() <= CODING


@pytest.mark.parametrize("length", [40, 300, -50])
def test_a_truncated_heic_photo_is_an_error(photo: Image.Image, length: int):
    assert reason(heic(photo)[:length])
