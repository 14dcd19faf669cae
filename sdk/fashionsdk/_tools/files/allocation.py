"""Disk space before a memory map is written: a full disk is an error then, where later it would be a signal."""

import errno
import os
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_NOT_SUPPORTED = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)  # by the file system
_ZEROS = 1 << 20  # bytes written at once where space cannot be reserved


def allocate(descriptor: int, offset: int, length: int) -> None:
    """Reserve the disk space of a part of a new file, which reads as zeros.

    A file is sparse until it is written. If the disk is full when a page of its memory map is, the kernel has no call
    to fail and kills the process with SIGBUS.

    Args:
        descriptor: the file, open to read and write.
        offset: where the part begins.
        length: its bytes.

    Raises:
        OSError: there is not as much space, or the file would be larger than allowed.
    """
    if length < 1:
        return
    reserve = getattr(os, "posix_fallocate", None)  # absent on macOS
    if reserve is not None:
        try:
            reserve(descriptor, offset, length)
            return
        except OSError as error:
            if error.errno not in _NOT_SUPPORTED:
                raise
    _write_zeros(descriptor, offset, length)


def allocated_array(file: IO[bytes], dtype: DTypeLike, shape: tuple[int, ...], offset: int = 0) -> NDArray[Any]:
    """Return an array of zeros in a file, mapped into memory, whose disk space is reserved.

    Args:
        file: open to read and write; it may be closed while the array lives.
        dtype: of the array.
        shape: of the array; it must not be empty.
        offset: where in the file it begins.

    Raises:
        OSError: there is not as much space.
    """
    allocate(file.fileno(), offset, int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize)
    return np.memmap(file, dtype, "r+", offset, shape)


def _write_zeros(descriptor: int, offset: int, length: int) -> None:
    zeros = memoryview(bytes(min(length, _ZEROS)))
    end = offset + length
    while offset < end:
        offset += os.pwrite(descriptor, zeros[: end - offset], offset)
