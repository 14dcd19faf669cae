"""Calls of the CUDA driver's library."""

import ctypes
import sys
from collections.abc import Mapping
from ctypes import POINTER, c_char_p, c_int
from typing import Any

_ERROR_STRING = "cuGetErrorString"


class CudaDriverError(Exception):
    """A call of the CUDA driver failed."""


class CudaDriver:
    """The installed driver's library.

    Args:
        prototypes: for each function to be called, the types of its arguments.
        library: another library with these functions; ``None`` for the installed one.

    Raises:
        CudaDriverError: the library or one of the functions is missing.
    """

    def __init__(self, prototypes: Mapping[str, tuple[Any, ...]], library: Any = None) -> None:
        try:
            self.library = library or ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
            for name, arguments in (*prototypes.items(), (_ERROR_STRING, (c_int, POINTER(c_char_p)))):
                function = getattr(self.library, name)
                function.argtypes, function.restype = arguments, c_int
        except (OSError, AttributeError) as error:
            raise CudaDriverError(f"the CUDA driver cannot be called: {error}; CUDA 11.4 or later is needed") from error

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function.

        Raises:
            CudaDriverError: it returns an error.
        """
        if status := getattr(self.library, name)(*arguments):
            text = c_char_p()
            getattr(self.library, _ERROR_STRING)(status, ctypes.byref(text))
            raise CudaDriverError(f"{name} failed: {(text.value or b'unknown error').decode()} ({status})")
