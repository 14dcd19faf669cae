"""JPEG: the segments before the pixels, which Pillow reads in Python, and the scans, each a pass over the photo."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from fashionsdk.photos.containers._demand import Demand

# Segments before the pixels: a photo has a dozen; the parts of a long profile or of a depth map's XMP some hundreds.
MAX_SEGMENTS = 2_000
MAX_METADATA = 16_000_000  # bytes of these segments
MAX_EXIF = 32  # segments of EXIF: Pillow copies all that it has for each. One is the rule, of up to 64 kilobytes

# Bytes between two segments; the standard allows any number, writers use one or two.
MAX_PADDING = 4_096

# Scans of a progressive photo, and scans times pixels: libjpeg goes over the whole photo in each. Usual are 10.
MAX_SCANS = 100
MAX_SCANNED_PIXELS = 1_600_000_000

# Bytes of FF in a row within the pixels. libjpeg reads all of them again for each 64 kilobytes that Pillow gives it,
# which takes no time in files smaller than ``SMALL``.
MAX_FILL = 4_096
SMALL = 2_000_000

_WINDOW = 65_536
_START = 4_096  # bytes: most photos begin their pixels in them
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ARITHMETIC = frozenset(range(0xC9, 0xD0)) - {0xCC}
_BASELINE = frozenset((0xC0, 0xC1))
_USUAL = frozenset((0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)))  # tables, interval, comment, data of applications
_PROGRESSIVE = frozenset((0xC2, 0xC6))
_WITHOUT_LENGTH = frozenset((0x01, 0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)))  # as Pillow takes them
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_MARKER_AMONG_PIXELS = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")


@dataclass(frozen=True)
class _Frame:
    """The photo's size, its components' samples for each pixel, their number, and whether it is progressive."""

    width: int
    height: int
    samples: float
    components: int
    progressive: bool


def inspect(file: BinaryIO, length: int) -> Demand:
    """Return what decoding takes: a photo of several scans is held as coefficients of two bytes.

    Raises:
        ValueError: the file has too many segments or scans, long padding, or arithmetic coding.
    """
    plain = _find_plain_pixels(_read(file, 0, _START))
    if plain is not None:
        if length > SMALL:
            _check_fill(file, plain)
        return Demand()
    pixels, frame = _find_pixels(file, length)
    if frame is None:
        return Demand()
    if length > SMALL:
        _check_fill(file, pixels)
    components = _read(file, pixels + 2, 1)
    if not frame.progressive and components == bytes([frame.components]):
        return Demand()
    _check_scans(file, pixels, frame)
    return Demand(per_pixel=2 * frame.samples)


def _find_plain_pixels(start: bytes) -> int | None:
    """Return where the scan's header lies in a file that begins so, if it is a usual one with a single scan."""
    position, components = 2, 0
    while position + 10 <= len(start) and start[position] == 0xFF:
        marker, length = start[position + 1], start[position + 2] << 8 | start[position + 3]
        if marker == _SOS:
            return position + 2 if start[position + 4] == components else None
        if marker in _BASELINE:
            components = start[position + 9]
        elif marker not in _USUAL:
            return None
        position += 2 + max(length, 2)
    return None


def _find_pixels(file: BinaryIO, length: int) -> tuple[int, _Frame | None]:
    """Return where the first scan's header lies, and the frame; no frame if there is no scan, as Pillow will say."""
    frame = None
    position, segments, padding, exif = 2, 0, 0, 0
    while position < length:
        head = _read(file, position, 10)
        if len(head) < 2:
            break
        if head[0] != 0xFF or head[1] in (0x00, 0xFF):
            skipped = _padding(file, position)
            padding += skipped
            position += skipped
        else:
            marker = head[1]
            if marker == _SOS:
                return position + 2, frame
            if marker in _FRAMES:
                frame = _read_frame(file, position, marker)
            position += 2
            if marker not in _WITHOUT_LENGTH:
                position += max(int.from_bytes(head[2:4], "big"), 2)
                exif += head[4:] == b"Exif\0\0"
        segments += 1
        if segments > MAX_SEGMENTS or padding > MAX_PADDING or position > MAX_METADATA or exif > MAX_EXIF:
            raise ValueError(
                f"has more than {MAX_SEGMENTS} segments, {MAX_EXIF} of EXIF, {MAX_PADDING} bytes of padding or "
                f"{MAX_METADATA} bytes before its pixels; save it again"
            )
    return length, None


def _padding(file: BinaryIO, position: int) -> int:
    """Return the number of bytes before the next marker: one more than allowed if it is not near."""
    match = _MARKER.search(_read(file, position, MAX_PADDING + 2))
    return MAX_PADDING + 1 if match is None else match.start()


def _read_frame(file: BinaryIO, position: int, marker: int) -> _Frame | None:
    if marker in _ARITHMETIC:
        raise ValueError("is a JPEG with arithmetic coding, which is not read; save it again")
    body = _read(file, position + 4, 6 + 3 * 4)
    factors = (
        [(body[i + 1] >> 4, body[i + 1] & 15) for i in range(6, min(len(body) - 1, 6 + 3 * body[5]), 3)]
        if len(body) > 6
        else []
    )
    most = max((across for across, _ in factors), default=0) * max((down for _, down in factors), default=0)
    if not most:
        return None
    samples = sum(across * down for across, down in factors) / most
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return _Frame(width, height, samples, body[5], marker in _PROGRESSIVE)


def _check_scans(file: BinaryIO, position: int, frame: _Frame) -> None:
    most = min(MAX_SCANS, MAX_SCANNED_PIXELS // max(frame.width * frame.height, 1))
    if _at_most(file, position, b"\xff\xda", most - 1):
        return
    scans = 1
    for count, (marker, _) in enumerate(_markers(file, position)):
        scans += marker == _SOS
        if scans > most or count > MAX_SEGMENTS:
            raise ValueError(f"has more than {most} scans of {frame.width} x {frame.height} pixels; save it again")


def _at_most(file: BinaryIO, position: int, mark: bytes, most: int) -> bool:
    """Tell whether two bytes come no more often than that; some may be parts of something else."""
    count, last = 0, b""
    file.seek(position)
    while count <= most and (window := file.read(16 * _WINDOW)):
        count += window.count(mark) + (last + window[:1] == mark)
        last = window[-1:]
    return count <= most


def _check_fill(file: BinaryIO, position: int) -> None:
    fill = _find_fill(file, position)
    if fill is None:
        return
    for count, (marker, at) in enumerate(_markers(file, position)):
        if marker == _EOI and at < fill:
            return  # behind the photo, for example a video of the same moment
        if at > fill or count > MAX_SEGMENTS:
            break
    raise ValueError(f"has {MAX_FILL} bytes of FF in a row among its pixels; it is damaged")


def _find_fill(file: BinaryIO, position: int) -> int | None:
    fill = b"\xff" * MAX_FILL
    while len(window := _read(file, position, 16 * _WINDOW)) >= MAX_FILL:
        if (found := window.find(fill)) >= 0:
            return position + found
        position += len(window) - MAX_FILL + 1
    return None


def _markers(file: BinaryIO, position: int) -> Iterator[tuple[int, int]]:
    """Yield the markers among and between the scans, with their places; the last is the end of the photo."""
    while len(window := _read(file, position, _WINDOW)) > 1:
        match = _MARKER_AMONG_PIXELS.search(window)
        if match is None:
            position += len(window) - 1
            continue
        marker, place = match[1][0], position + match.start()
        yield marker, place
        if marker == _EOI:
            return
        position = place + 2
        if marker not in _WITHOUT_LENGTH:
            position += max(int.from_bytes(_read(file, position, 2), "big"), 2)


def _read(file: BinaryIO, position: int, count: int) -> bytes:
    file.seek(position)
    return file.read(count)
