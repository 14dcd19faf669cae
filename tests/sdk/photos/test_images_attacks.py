"""Files that are cut short, forged or damaged: the right photo or an ImageError, and nothing else."""

import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from fashionsdk.errors import ImageError
from fashionsdk.photos._source import open_image
from fashionsdk.photos.containers import FORMATS
from fashionsdk.photos.limits import MAX_PIXELS
from tests.sdk.photos.photos import encode, reason

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 36, 3), dtype=np.uint8))
WRITERS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "WEBP": {"lossless": True},
    "GIF": {},
    "BMP": {},
    "TIFF": {"compression": "tiff_lzw"},
    "PPM": {},
}


@pytest.mark.parametrize("format", WRITERS)
def test_truncated_file_is_an_error_or_the_whole_photo(format: str):
    data = encode(PHOTO, format, **WRITERS[format])
    whole = np.asarray(open_image(data))
    errors = 0
    for length in range(len(data)):
        try:
            assert np.array_equal(np.asarray(open_image(data[:length])), whole), length
        except ImageError:
            errors += 1
    assert errors > 0.9 * len(data)


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    parts = (chunk(b"IHDR", size + bytes([8, 2, 0, 0, 0])), chunk(b"IDAT", b""), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("side", [10_000, 14_000, 60_000])
def test_decompression_bomb_is_refused_from_its_header_without_a_warning(side: int):
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert reason(png_that_claims(side, side)) == (f"has {side} x {side} pixels; expected 1 to {MAX_PIXELS} in all")
    assert not caught
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("data", [b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>", b"\xff\xd8\xff"])
def test_what_is_not_an_image_is_refused(data: bytes):
    assert reason(data)


def test_postscript_never_reaches_its_interpreter():
    assert "EPS" not in FORMATS
    assert reason(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n").startswith("is not an image")


def check_opens_or_is_refused(data: bytes) -> None:
    try:
        image = open_image(data)
    except ImageError:
        return
    assert image.mode == "RGB"
    assert np.asarray(image).size > 0


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_image_error(data: bytes):
    check_opens_or_is_refused(data)


WHOLE = {format: encode(PHOTO, format, **options) for format, options in WRITERS.items()}


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(
    format=st.sampled_from(sorted(WHOLE)),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), max_size=5),
    keep=st.floats(0, 1),
)
def test_mutated_files_raise_nothing_but_image_error(format: str, edits: list[tuple[float, bytes]], keep: float):
    data = bytearray(WHOLE[format])
    for position, patch in edits:
        start = int(position * len(data))
        data[start : start + len(patch)] = patch
    check_opens_or_is_refused(bytes(data[: max(1, int(keep * len(data)))]))
