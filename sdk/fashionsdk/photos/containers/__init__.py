"""Containers: how a file of each format is laid out, looked at before a decoder sees it.

A look takes some microseconds. It refuses files whose structure would keep a reader busy for seconds or minutes, and
tells what decoding takes besides the decoded pixels.
"""

from collections.abc import Callable
from typing import BinaryIO

from fashionsdk.photos.containers import _avif, _bmp, _gif, _jpeg, _png, _ppm, _tiff, _webp
from fashionsdk.photos.containers._demand import Demand
from fashionsdk.photos.containers._readers import FORMATS, HEIC, identify, open_header

_INSPECT: dict[str, Callable[[BinaryIO, int], Demand]] = {
    "JPEG": _jpeg.inspect,
    "PNG": _png.inspect,
    "WEBP": _webp.inspect,
    "GIF": _gif.inspect,
    "AVIF": _avif.inspect,
    "BMP": _bmp.inspect,
    "TIFF": _tiff.inspect,
    "PPM": _ppm.inspect,
    HEIC: _avif.inspect,
}


def inspect(format: str, file: BinaryIO, length: int) -> Demand:
    """Return what decoding a file takes, from its structure alone.

    Args:
        format: what `identify` says.
        file: the file, at any position.
        length: its size in bytes.

    Raises:
        ValueError: the file is of a kind that is not read, or its structure is beyond what photos have.
    """
    return _INSPECT[format](file, length)


__all__ = ["FORMATS", "Demand", "identify", "inspect", "open_header"]
