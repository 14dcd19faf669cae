"""Reading a file that somebody named: what is no file is an error at once, and the system's reason becomes ours."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, TextIOWrapper

from fashionsdk.errors import FashionSDKError

# A shell's <(command) and standard input: pipes that this process has open already, so nobody waits for their writer.
_INHERITED = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")


def open_regular(path: str | os.PathLike[str]) -> BufferedReader:
    """Open a regular file to read its bytes, or a pipe that the process was started with.

    A named pipe would be waited for, perhaps for ever, so it is an error like a folder or a device.

    Raises:
        OSError: the file is missing, may not be read, or is no regular file, or its name cannot be one.
    """
    name = checked_name(path)
    if name.startswith(_INHERITED):
        return open(name, "rb")
    descriptor = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        if not stat.S_ISREG(mode := os.fstat(descriptor).st_mode):
            if stat.S_ISDIR(mode):
                raise IsADirectoryError(errno.EISDIR, "it is a folder", name)
            raise OSError(errno.EINVAL, "it is not a regular file", name)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | os.PathLike[str]) -> bytes:
    """Return a file's bytes; see `open_regular`.

    Raises:
        OSError: as `open_regular`.
    """
    with open_regular(path) as file:
        return file.read()


def read_text(path: str | os.PathLike[str]) -> str:
    """Return a file's text, which must be UTF-8, with plain line breaks; see `open_regular`.

    Raises:
        OSError: as `open_regular`.
        UnicodeDecodeError: it is not UTF-8.
    """
    with open_regular(path) as file, TextIOWrapper(file, "utf-8") as text:
        return text.read()


def checked_name(path: str | os.PathLike[str]) -> str:
    """Return a path as text.

    Raises:
        OSError: it holds a NUL character, which no system takes. (Python would raise a ValueError.)
    """
    name = os.fspath(path)
    if "\0" in name:
        raise OSError(errno.EINVAL, "a path cannot hold a NUL character", name)
    return name


def reason(error: OSError) -> str:
    """Return the system's words for an error, without its number and the path."""
    return error.strerror or str(error)


@contextmanager
def system_errors_as(kind: type[FashionSDKError], what: str) -> Iterator[None]:
    """Raise an ``OSError`` of the block as ``kind``: ``what``, a colon, and the system's reason.

    Raises:
        FashionSDKError: of this kind.
    """
    try:
        yield
    except OSError as error:
        raise kind(f"{what}: {reason(error)}") from error
