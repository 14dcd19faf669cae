"""What a file says of its photo: the orientation that counts, and what is never said aloud."""

import io
import logging
import os
import struct
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from fashionsdk.errors import ImageError
from fashionsdk.photos import _quiet, open_image
from tests.sdk.photos.photos import encode

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 36, 3), dtype=np.uint8))
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def exif(order: str, *entries: bytes) -> bytes:
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    return b"Exif\0\0" + head + struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4)


def entry(order: str, value: int, *, tag: int = 0x0112, kind: int = 3, count: int = 1) -> bytes:
    size = {1: "B3x", 3: "H2x", 4: "I", 7: "I"}[kind]
    return struct.pack(f"{order}HHI{size}", tag, kind, count, value)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [1, 3, 4])
def test_orientation_is_found_among_other_tags(order: str, kind: int):
    tags = [entry(order, 1, tag=0x0100), entry(order, 6, kind=kind), entry(order, 9, tag=0x0213)]
    assert open_image(encode(PHOTO, "JPEG", exif=exif(order, *tags))).size == (24, 36)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0II",
        exif("<", entry("<", 6))[:20],
        exif("<", entry("<", 6)).replace(struct.pack("<I", 8), struct.pack("<I", 2**32 - 1)),
        exif("<", entry("<", 0)),
        exif("<", entry("<", 9)),
        exif("<", entry("<", 6, count=2)),
        exif("<", entry("<", 6, kind=7)),
    ],
    ids=range(9),
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_an_orientation_that_cannot_be_read_turns_nothing(data: bytes, format: str):
    image = Image.open(io.BytesIO(encode(PHOTO, format)))
    image.info["exif"] = data
    assert open_image(image).size == PHOTO.size


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_orientation_in_xmp_alone_turns_nothing(format: str):
    """Browsers do not look there either."""
    if format == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options: dict[str, Any] = {"pnginfo": info}
    elif format == "TIFF":
        options = {"tiffinfo": {700: XMP}}
    else:
        options = {"xmp": XMP}
    data = encode(PHOTO, format, **options)
    assert Image.open(io.BytesIO(data)).getexif()[0x0112] == 6  # Pillow looks there
    assert open_image(data).size == PHOTO.size


def test_a_photo_that_was_turned_is_not_turned_again():
    data = encode(PHOTO, "PNG", exif=exif("<", entry("<", 6)))
    once = open_image(data)
    assert np.array_equal(np.asarray(open_image(once)), np.asarray(once))


@contextmanager
def written_to_stderr() -> Iterator[list[str]]:
    """List what is written to file descriptor 2, by C libraries too."""
    lines: list[str] = []
    with tempfile.TemporaryFile() as file:
        before = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(before, 2)
            os.close(before)
        file.seek(0)
        lines += file.read().decode(errors="replace").splitlines()


def mutants(data: bytes, count: int) -> Iterator[bytes]:
    random = np.random.default_rng(0)
    for _ in range(count):
        changed = bytearray(data)
        for place in random.integers(0, len(data), random.choice([1, 2, 5])):
            changed[place] ^= 1 << random.integers(0, 8)
        yield bytes(changed)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_libtiff_writes_nothing_of_damaged_files(compression: str):
    data = encode(PHOTO, "TIFF", compression=compression)
    refused = 0
    with written_to_stderr() as lines, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for mutant in mutants(data, 120):
            try:
                open_image(mutant)
            except ImageError:
                refused += 1
    assert refused
    assert not lines
    assert not warned


def broken_exif() -> bytes:
    """Tags whose values lie beyond the end."""
    tags = [struct.pack("<HHII", tag, 2, 50, 60_000) for tag in (0x010E, 0x010F, 0x0110)]
    return exif("<", *tags, entry("<", 6))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_pillows_warnings_of_metadata_reach_nobody(format: str, recwarn: pytest.WarningsRecorder):
    data = encode(PHOTO, format, exif=broken_exif())
    recwarn.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert open_image(data).size == (24, 36)
        assert not recwarn.list
        Image.open(io.BytesIO(data)).getexif()  # Pillow does warn, outside
    assert recwarn.list


def test_other_warnings_and_other_threads_are_heard():
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with _quiet.quiet():
            warnings.warn("mine", stacklevel=1)
            warnings.warn_explicit("Pillow's", UserWarning, "x.py", 1, "PIL.TiffImagePlugin")
        warnings.warn_explicit("Pillow's, outside", UserWarning, "x.py", 1, "PIL.TiffImagePlugin")
    assert [str(warning.message) for warning in warned] == ["mine", "Pillow's, outside"]


def test_filters_do_not_pile_up():
    with warnings.catch_warnings():
        before = len(warnings.filters)
        for _ in range(50):
            open_image(PHOTO)
        assert len(warnings.filters) <= before + 1


def test_pillows_logger_is_quiet_while_a_photo_is_read_and_only_then(caplog: pytest.LogCaptureFixture):
    data = bytearray(encode(PHOTO, "TIFF", compression="raw"))
    tags = TiffImagePlugin.TiffImageFile(io.BytesIO(data)).tag_v2
    place = bytes(data).index(struct.pack("<HHI", 277, 3, 1), tags._offset)
    data[place + 8 : place + 10] = struct.pack("<H", 9999)  # samples a pixel
    with pytest.raises(ImageError):
        open_image(bytes(data))
    assert not caplog.records
    with pytest.raises(SyntaxError):
        TiffImagePlugin.TiffImageFile(io.BytesIO(data))
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
