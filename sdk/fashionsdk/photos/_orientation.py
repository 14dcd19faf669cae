"""The orientation that a photo's EXIF data ask for, read from their bytes.

Pillow reads every tag, with a warning for each damaged one, and asks XMP data where EXIF names no orientation. No
browser does: what people see is what EXIF says.
"""

import struct
from typing import Any

from PIL import Image

ORIENTATION = 0x0112
_TYPES = {1: "B", 3: "H", 4: "I"}  # whole numbers of 1, 2 and 4 bytes
_ENTRY = 12  # bytes: tag, type, count, value


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation of a loaded image, 1 to 8; 1 without one that can be read.

    A TIFF file that Pillow has loaded is upright already.
    """
    data = image.info.get("exif")
    if not isinstance(data, bytes):
        data = _from_text(image.info.get("Raw profile type exif"))
    try:
        found = _find(data.removeprefix(b"Exif\0\0"))
    except struct.error:  # cut short
        return 1
    return found if 1 <= found <= 8 else 1


def _find(data: bytes) -> int:
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return 1
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    for position in range(start + 2, start + 2 + count * _ENTRY, _ENTRY):
        tag, kind, number = struct.unpack_from(f"{order}HHI", data, position)
        if tag == ORIENTATION and number == 1 and kind in _TYPES:
            return int(struct.unpack_from(order + _TYPES[kind], data, position + 8)[0])
    return 1


def _from_text(text: Any) -> bytes:
    """Decode what old PNG files hold in a text chunk: three lines of a head, then hexadecimal digits."""
    try:
        return bytes.fromhex("".join(text.split("\n")[3:]))
    except (AttributeError, ValueError):
        return b""
