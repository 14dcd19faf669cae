"""The C library, where its allocator can be told what to do."""

import ctypes
import platform


def glibc() -> ctypes.CDLL | None:
    """Return the C library if it is glibc."""
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
