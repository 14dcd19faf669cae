"""TIFF: the directory of the first page, whose values Pillow reads in Python, and the size of its strips or tiles."""

import struct
from math import ceil
from typing import BinaryIO, Literal, TypeAlias

from fashionsdk.photos.containers._demand import Demand

# Tags of a directory: usual are 10 to 60.
MAX_TAGS = 500

# Numbers in all tags of the directory and of those below it, of strips for example. Texts and profiles do not count.
MAX_VALUES = 100_000

# What cameras, scanners and retouchers write. The others are slow, or no photo's.
COMPRESSIONS = {1: "none", 5: "LZW", 7: "JPEG", 8: "Deflate", 32946: "Deflate", 32773: "PackBits"}

_TEXT = frozenset((1, 2, 7))  # types that Pillow keeps as they are
_NUMBERS = {3: 2, 4: 4, 13: 4}  # bytes of a number, by type
_BELOW = (34665, 34853, 40965)  # the directories of EXIF, GPS and interoperability
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _ORIENTATION, _SAMPLES, _ROWS_PER_STRIP = 256, 257, 258, 259, 274, 277, 278
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_RAW = 1


Order: TypeAlias = Literal["little", "big"]


def inspect(file: BinaryIO, length: int) -> Demand:
    """Return what decoding takes: one strip or tile, and the photo turned upright.

    Raises:
        ValueError: the file is a BigTIFF, its compression is not among ``COMPRESSIONS``, or its directory is too long.
    """
    file.seek(0)
    head = file.read(8)
    if len(head) < 8:
        return Demand()
    if 43 in head[2:4]:
        raise ValueError("is a BigTIFF, which is not read; save it as TIFF, PNG or JPEG")
    page = _read_page(file, "little" if head[:2] == b"II" else "big", head[4:])
    compression = page.get(_COMPRESSION, _RAW)
    if compression not in COMPRESSIONS:
        known = ", ".join(dict.fromkeys(COMPRESSIONS.values()))
        raise ValueError(f"is a TIFF with compression {compression}; expected {known}")
    return _demand(page, length)


def _demand(page: dict[int, int], length: int) -> Demand:
    width, height = page.get(_WIDTH, 0), page.get(_HEIGHT, 0)
    if width < 1 or height < 1:
        return Demand()
    pixel = max(page.get(_BITS, 1) * page.get(_SAMPLES, 1), 1) / 8
    part = width * min(page.get(_ROWS_PER_STRIP, height), height)
    unpacked = pixel
    across, down = page.get(_TILE_WIDTH, 0), page.get(_TILE_HEIGHT, 0)
    if across and down:
        part = across * down
        unpacked *= ceil(width / across) * ceil(height / down) * part / (width * height)
    held = 0 if page.get(_COMPRESSION, _RAW) == _RAW else int(part * max(pixel, 4))  # 4: libtiff's own RGBA
    turned = 4 if page.get(_ORIENTATION, 1) != 1 else 0
    return Demand(fixed=length + held, per_pixel=turned, unpacked=unpacked)


def _read_page(file: BinaryIO, order: Order, offset: bytes) -> dict[int, int]:
    """Return the first number of each tag of the first page, which must not have too many, nor what lies below it."""
    page, values = _read_directory(file, order, int.from_bytes(offset, order))
    below = [page[tag] for tag in _BELOW if tag in page]
    for place in below[: len(_BELOW)]:
        inner, more = _read_directory(file, order, place)
        below += [inner[tag] for tag in _BELOW if tag in inner]
        values += more
    if values > MAX_VALUES:
        raise ValueError(f"has {values} numbers in its directory; expected up to {MAX_VALUES}: save it again")
    return page


def _read_directory(file: BinaryIO, order: Order, place: int) -> tuple[dict[int, int], int]:
    """Return the first number of each tag, and the count of all numbers."""
    file.seek(place)
    tags = int.from_bytes(file.read(2), order)
    if tags > MAX_TAGS:
        raise ValueError(f"has {tags} tags in a directory; expected up to {MAX_TAGS}: save it again")
    first: dict[int, int] = {}
    values = 0
    entries = file.read(12 * tags)
    for tag, kind, count, data in struct.iter_unpack(f"{'<' if order == 'little' else '>'}HHI4s", _whole(entries, 12)):
        width = _NUMBERS.get(kind, 0)
        values += 0 if kind in _TEXT else count
        if width and count and tag not in first:
            if count * width > 4:
                file.seek(int.from_bytes(data, order))
                data = file.read(width)
            first[tag] = int.from_bytes(data[:width], order)
    return first, values


def _whole(data: bytes, size: int) -> bytes:
    return data[: len(data) // size * size]
