"""PPM and its relatives: only the kinds that Pillow reads without Python's help, with 1, 8 or 16 bits a sample."""

import re
from typing import BinaryIO

from fashionsdk.photos.containers._demand import Demand

_LONGEST_HEADER = 1024  # bytes; Pillow reads the header byte by byte
_COMMENT = re.compile(rb"#[^\r\n]*")
_FULL = {b"P5": (b"255", b"65535"), b"P6": (b"255",)}  # the greatest value of a sample


def inspect(file: BinaryIO, length: int) -> Demand:
    """Return what decoding takes: nothing but the pixels.

    Raises:
        ValueError: the file is plain text, or of another kind that Pillow reads number by number in Python.
    """
    file.seek(0)
    kind, *numbers = _COMMENT.sub(b"", file.read(_LONGEST_HEADER)).split(maxsplit=4)[:4] or [b""]
    whole = len(numbers) == 3 and numbers[2] in _FULL[kind] if kind in _FULL else kind == b"P4" and len(numbers) >= 2
    if not whole:
        raise ValueError(
            f"is not a PPM that is read: expected P4, P5 or P6 in binary with samples up to 255 (P5 also 65535) and a "
            f"header of up to {_LONGEST_HEADER} bytes; save it as PNG or JPEG"
        )
    return Demand()
