"""Replace a file as one step: a reader finds one whole version at any moment and after any crash."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a file to write; it takes the place of ``path`` once the block ends well, and never before.

    The bytes go to ``.NAME.saving`` beside ``path`` and reach the disk before the name changes hands.
    If the block raises, ``path`` stays as it was. What a killed process leaves behind is overwritten
    by the next one; processes that save to the same path take turns, and the last one wins. Needs a
    POSIX system.

    Raises:
        OSError: the folder is missing, not writable or full, or ``path`` is a folder, a device, a pipe or a socket.
    """
    target, partial = _places(path)
    with os.fdopen(_open_locked(partial), "wb") as file:
        try:
            file.truncate()
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, target)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
    sync_folder(target.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold ``path``, an empty file for this purpose alone, while the block runs; others that want it wait, then go on.

    A killed process gives it back, and the file that it leaves is used by the next one. Needs a POSIX system.

    Raises:
        OSError: the folder is missing or not writable.
    """
    descriptor = _open_locked(path)
    try:
        yield
    finally:
        try:
            path.unlink(missing_ok=True)  # first: whoever waits for it then finds out, and makes its own
        finally:
            os.close(descriptor)


def check_replacing(path: str | os.PathLike[str]) -> None:
    """Find out, by a nameless file in the folder, whether ``replacing`` could begin.

    Raises:
        OSError: it could not, for this reason.
    """
    import tempfile  # slow to import, and needed here only

    target, partial = _places(path)
    with suppress(FileNotFoundError):
        partial.lstat()  # refuses a name that is too long
    with tempfile.TemporaryFile(dir=target.parent):
        pass


def _places(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Return the file to replace and the one to write before; only a regular file may be replaced."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise OSError(errno.EINVAL, f"{os.fspath(path)} is not a regular file")
    target = Path(os.path.realpath(path))  # a link stays a link: what it points to is replaced
    return target, target.with_name(f".{target.name}.saving")


def _open_locked(partial: Path) -> int:
    """Open a file to write for this process alone, waiting for another that holds it."""
    import fcntl  # absent on Windows, where the rest of the SDK still imports

    while True:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(partial)):
                return descriptor
        os.close(descriptor)  # the one we waited for has renamed or removed this file: start on a new one


def sync_folder(folder: Path) -> None:
    """Make a folder's new entry survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
