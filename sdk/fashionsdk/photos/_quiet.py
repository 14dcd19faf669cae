"""Keeps what Pillow and libtiff say of damaged files from the program's stderr.

`warnings.catch_warnings` would replace the filters of all threads, so one filter is added to them for good. It matches
only what Pillow warns of in a thread that is reading a photo here.
"""

import ctypes
import logging
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

_reading = threading.local()


class _WhileReading(logging.Filter):
    """Tells what comes from a thread that is reading a photo.

    To a filter of warnings it is the pattern of the message; a logger asks it which records to let through.
    """

    def match(self, message: str) -> bool:
        return getattr(_reading, "depth", 0) > 0

    def filter(self, record: logging.LogRecord) -> bool:
        return not self.match("")


_WHILE_READING = _WhileReading()


_FILTER: Any = ("ignore", _WHILE_READING, Warning, re.compile(r"PIL(\.|$)"), 0)


# Without a handler of the program's own, Python writes this logger's errors to stderr.
logging.getLogger("PIL.TiffImagePlugin").addFilter(_WHILE_READING)


@contextmanager
def quiet() -> Iterator[None]:
    """Leave out the warnings of Pillow in the block, in this thread alone."""
    if not warnings.filters or warnings.filters[0] is not _FILTER:  # others add theirs, or go back to what was
        warnings.filters.insert(0, _FILTER)  # type: ignore[attr-defined]
    _reading.depth = getattr(_reading, "depth", 0) + 1
    try:
        yield
    finally:
        _reading.depth -= 1


@cache
def silence_libtiff() -> None:
    """Turn off the lines that libtiff writes to stderr for damaged files; Pillow does so for its warnings alone.

    It cannot be done where libtiff is not a library of its own, as in Pillow for Windows.
    """
    from PIL import _imaging

    with suppress(OSError, AttributeError):
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)
