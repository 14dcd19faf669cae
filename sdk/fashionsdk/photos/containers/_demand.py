"""What decoding a file takes besides the decoded pixels."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Demand:
    """What decoding takes, as a file's structure tells it.

    Attributes:
        size: width and height in pixels, if Pillow's reader allocates memory for them as soon as it is opened; else
            ``None``, and the reader tells the size.
        mode: with ``size``: Pillow's mode of the pixels.
        fixed: bytes that the decoder holds besides the pixels that it gives, whatever their number.
        per_pixel: the same, for each pixel of the photo.
        unpacked: bytes for each pixel that the compressed data unpacks to: they bound the time, not the memory.
    """

    size: tuple[int, int] | None = None
    mode: str = ""
    fixed: int = 0
    per_pixel: float = 0.0
    unpacked: float = 0.0
