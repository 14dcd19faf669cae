"""AVIF and HEIC: the decoder holds the planes of the picture, its own state, and the pixels twice."""

import re
from typing import BinaryIO

from fashionsdk.photos.containers._demand import Demand

# Measured with libavif 1.4.2 and dav1d, without Pillow's own pixels: 9 for 8 bits and 4:2:0. Twelve bits a sample
# without subsampling, with alpha, take four times as much for the planes.
HELD_PER_PIXEL = 10
HELD_PER_DEEP_PIXEL = 20

_HEAD = 65_536  # bytes: boxes before the picture's data
_CONFIGURATION = re.compile(rb"av1C..(.)", re.DOTALL)
_DEPTH, _SUBSAMPLED = 0b0110_0000, 0b0000_1100  # more than 8 bits a sample; half of the colours across and down


def inspect(file: BinaryIO, length: int) -> Demand:
    """Return what decoding takes; the reader itself allocates nothing before the size is known."""
    file.seek(0)
    flags = [found[0] for found in _CONFIGURATION.findall(file.read(_HEAD))]
    deep = any(flag & _DEPTH or flag & _SUBSAMPLED != _SUBSAMPLED for flag in flags)
    return Demand(fixed=2 * length, per_pixel=HELD_PER_DEEP_PIXEL if deep else HELD_PER_PIXEL)
