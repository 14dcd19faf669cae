"""AVIF and HEIC: the decoder holds the planes of the picture, its own state, and the pixels twice."""

from typing import BinaryIO

from fashionsdk.photos.containers._demand import Demand

# Measured with libavif 1.4.2 and dav1d, without Pillow's own pixels: 9 for 8 bits and 4:2:0. Twelve bits a sample
# without subsampling, with alpha, take four times as much for the planes.
HELD_PER_PIXEL = 20


def inspect(file: BinaryIO, length: int) -> Demand:
    """Return what decoding takes; the reader itself allocates nothing before the size is known."""
    return Demand(fixed=2 * length, per_pixel=HELD_PER_PIXEL)
