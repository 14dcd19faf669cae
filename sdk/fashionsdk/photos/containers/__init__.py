"""Containers: how a file of each format is laid out, looked at before a decoder sees it.

A look takes some microseconds. It refuses files whose structure would keep a reader busy for seconds or minutes, and
tells what decoding takes besides the decoded pixels.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import BinaryIO, TypeAlias

from fashionsdk.photos.containers._demand import Demand
from fashionsdk.photos.containers._readers import FORMATS, HEIC, identify, open_header

Inspect: TypeAlias = Callable[[BinaryIO, int], Demand]
_MODULES = {name: f"_{name.lower()}" for name in ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF", "PPM")}
_MODULES[HEIC] = "_avif"  # another codec in the same container


@cache
def _inspector(format: str) -> Inspect:
    """Return a format's function; its module is loaded with the first photo of the format, most with none."""
    function: Inspect = import_module(f"{__name__}.{_MODULES[format]}").inspect
    return function


def inspect(format: str, file: BinaryIO, length: int) -> Demand:
    """Return what decoding a file takes, from its structure alone.

    Args:
        format: what `identify` says.
        file: the file, at any position.
        length: its size in bytes.

    Raises:
        ValueError: the file is of a kind that is not read, or its structure is beyond what photos have.
    """
    return _inspector(format)(file, length)


__all__ = ["FORMATS", "Demand", "identify", "inspect", "open_header"]
