"""GIF: what lies before the first frame, and how large that frame makes the canvas."""

from typing import BinaryIO

from fashionsdk.photos.containers._demand import Demand

# Blocks of up to 255 bytes before the first frame. A comment, a colour profile and XMP take some hundreds.
MAX_BLOCKS = 20_000

_EXTENSION, _FRAME = b"!", b","


def inspect(file: BinaryIO, length: int) -> Demand:
    """Return the size of the canvas, which the first frame may enlarge.

    Raises:
        ValueError: more than ``MAX_BLOCKS`` blocks lie before the first frame.
    """
    file.seek(0)
    screen = file.read(13)
    if len(screen) < 13:
        return Demand()
    size = _pair(screen, 6)
    file.seek(13 + _table_bytes(screen[10]))
    frame = _first_frame(file)
    if frame is None:
        return Demand(size, "P")
    (left, top), (width, height) = _pair(frame, 0), _pair(frame, 4)
    return Demand((max(size[0], left + width), max(size[1], top + height)), "P")


def _first_frame(file: BinaryIO) -> bytes | None:
    """Return where the first frame lies, or ``None`` if the file has none; Pillow then says so."""
    blocks = 0
    while mark := file.read(1):
        if mark == _FRAME:
            frame = file.read(8)
            return frame if len(frame) == 8 else None
        if mark == b";":
            return None
        if mark == _EXTENSION:
            file.read(1)
            while (length := file.read(1)) not in (b"", b"\0"):
                file.seek(length[0], 1)
                blocks += 1
                _check(blocks)
        blocks += 1
        _check(blocks)
    return None


def _check(blocks: int) -> None:
    if blocks > MAX_BLOCKS:
        raise ValueError(f"has more than {MAX_BLOCKS} blocks before its first frame; save it again as PNG or JPEG")


def _table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 128 else 0


def _pair(data: bytes, start: int) -> tuple[int, int]:
    return int.from_bytes(data[start : start + 2], "little"), int.from_bytes(data[start + 2 : start + 4], "little")
