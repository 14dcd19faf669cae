"""PNG: how many chunks Pillow would call Python for, and how many bytes the rows unpack to."""

from typing import BinaryIO

from fashionsdk.photos.containers._demand import Demand

# Chunks that are no pixels: text, profiles, times. A photo has a dozen, the frames of an animation are not counted.
MAX_NOTES = 500

# Chunks of pixels, besides one for each kilobyte of the file. Writers use 8 kilobytes and more.
MAX_PIXEL_CHUNKS = 1_000

# Smaller files cannot hold enough chunks to matter.
SMALL = 65_536

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_PIXELS = frozenset((b"IDAT", b"fdAT", b"fcTL"))


def inspect(file: BinaryIO, length: int) -> Demand:
    """Return how many bytes a pixel unpacks to.

    Raises:
        ValueError: the file has too many chunks, or several colour profiles, each of which would be unpacked.
    """
    file.seek(0)
    head = file.read(26)
    if length > SMALL:
        _check_chunks(file, length)
    if len(head) < 26:
        return Demand()
    return Demand(unpacked=head[24] * _CHANNELS.get(head[25], 4) / 8)


def _check_chunks(file: BinaryIO, length: int) -> None:
    pixels = notes = profiles = 0
    most = MAX_PIXEL_CHUNKS + length // 1024
    position = 8
    while position < length:
        file.seek(position)
        header = file.read(8)
        position += int.from_bytes(header[:4], "big") + 12
        kind = header[4:]
        if kind == b"IEND":
            break
        pixels += kind in _PIXELS
        notes += kind not in _PIXELS
        profiles += kind == b"iCCP"
        if pixels > most or notes > MAX_NOTES or profiles > 1:
            raise ValueError(
                f"has more than {most} chunks of pixels, {MAX_NOTES} other chunks or 1 colour profile; save it again"
            )
