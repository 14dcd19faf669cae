"""The standard streams, which may be missing, closed, or objects that have ``write`` only."""

import os
from typing import Any, TextIO


def usable(stream: TextIO | None) -> TextIO | None:
    """Return a standard stream, or None if the process has none or it is closed.

    Look it up here before it is given to ``print``, which takes None for standard output.
    """
    return None if stream is None or getattr(stream, "closed", False) else stream


def is_terminal(stream: TextIO | None) -> bool:
    """Say whether a person watches the stream."""
    isatty: Any = getattr(usable(stream), "isatty", None)
    return isatty is not None and bool(isatty())


def flush(stream: TextIO) -> None:
    """Hand over what was printed, if the stream keeps anything back.

    Raises:
        OSError: it cannot be written.
    """
    if (method := getattr(stream, "flush", None)) is not None:
        method()


def occupy_descriptors() -> None:
    """Point those of the descriptors 0 to 2 that are closed to nowhere.

    Else the next file that is opened would get one of them, and a library's message would be written into that file.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
