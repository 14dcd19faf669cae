"""WebP: the reader allocates two canvases as soon as it is opened."""

from typing import BinaryIO

from fashionsdk.photos.containers._demand import Demand

# Two RGBA canvases, and then either the lossless decoder's or the frame's copy of the pixels.
HELD_PER_PIXEL = 12


def inspect(file: BinaryIO, length: int) -> Demand:
    """Return the size of the canvas and what decoding takes.

    Raises:
        ValueError: the file is cut before its size.
    """
    file.seek(0)
    size = _size(file.read(30))
    if size is None:
        raise ValueError("cannot be read as WEBP: its first 30 bytes hold no size")
    return Demand(size, "RGBA", fixed=3 * length, per_pixel=HELD_PER_PIXEL)


def _size(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X" and len(head) >= 30:  # two numbers of 24 bits, less one
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a" and len(head) >= 30:  # 14 bits, then 2 of scale
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    if kind == b"VP8L" and head[20:21] == b"\x2f" and len(head) >= 25:  # two numbers of 14 bits, less one
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None
