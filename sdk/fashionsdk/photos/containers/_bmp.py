"""BMP: run-length encoding is left out, because Pillow reads it byte by byte in Python."""

from typing import BinaryIO

from fashionsdk.photos.containers._demand import Demand

_CORE_HEADER = 12  # bytes; the only header without a compression
_RUN_LENGTHS = (1, 2)


def inspect(file: BinaryIO, length: int) -> Demand:
    """Return what decoding takes: alpha is looked for in a copy of the file's pixels.

    Raises:
        ValueError: the pixels are run-length encoded.
    """
    file.seek(14)
    header = file.read(20)
    compressed = int.from_bytes(header[:4], "little") > _CORE_HEADER
    if compressed and int.from_bytes(header[16:20], "little") in _RUN_LENGTHS:
        raise ValueError("is a run-length encoded BMP, which is not read; save it as PNG or JPEG")
    return Demand(fixed=2 * length)
