"""Pillow's readers: which of them reads a file, and what it makes of the file's header."""

import struct
from functools import cache
from importlib import import_module
from typing import Any, BinaryIO

from PIL import Image

from fashionsdk.photos.containers._heif import HEAD, is_heic, open_heic

# Only these formats are tried, with these modules of Pillow. The others are left out on purpose: one of them starts
# Ghostscript, and loading all forty takes longer than the first photo.
FORMATS = {
    "JPEG": "JpegImagePlugin",
    "PNG": "PngImagePlugin",
    "WEBP": "WebPImagePlugin",
    "GIF": "GifImagePlugin",
    "AVIF": "AvifImagePlugin",
    "BMP": "BmpImagePlugin",
    "TIFF": "TiffImagePlugin",
    "PPM": "PpmImagePlugin",
}
HEIC = "HEIC"


def identify(file: BinaryIO) -> str:
    """Return the format of a file: one of ``FORMATS``, or ``HEIC``.

    Raises:
        ValueError: its first bytes are of no such format.
    """
    file.seek(0)
    prefix = file.read(16)
    if prefix[4:8] == b"ftyp" and is_heic(prefix + file.read(HEAD)):
        return HEIC
    for name in FORMATS:
        factory, accept = _reader(name)
        if factory is not None and (accept is None or accept(prefix) is True):
            return name
    raise ValueError(f"is not an image; expected {', '.join(FORMATS)}")


def open_header(format: str, file: BinaryIO) -> Image.Image:
    """Read the header alone, as ``Image.open`` does.

    For a large photo ``Image.open`` also issues a warning, which can only be silenced for the whole process.

    Raises:
        ValueError: the header is damaged. Pillow may raise others.
    """
    file.seek(0)
    if format == HEIC:
        return open_heic(file)
    factory, _ = _reader(format)
    try:
        image: Image.Image = factory(file, "")
        return image
    except (SyntaxError, IndexError, TypeError, struct.error) as error:
        raise ValueError(f"cannot be read as {format}: {error}") from error


@cache
def _reader(name: str) -> tuple[Any, Any]:
    """Load Pillow's reader of a format; return its opening function and its check of a file's first bytes."""
    try:
        import_module(f"PIL.{FORMATS[name]}")
    except ImportError:  # Pillow has AVIF from 11.3 on
        return None, None
    return Image.OPEN.get(name, (None, None))
