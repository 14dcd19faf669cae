"""Replace a file as one step: at any moment and after a crash a reader finds the old version or the new one."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a file to write; it replaces ``path`` when the block ends without an error.

    The bytes go to ``.NAME.saving`` beside ``path`` and are flushed to disk before the rename. If the block raises,
    ``path`` stays as it was. The next process overwrites what a killed one left behind. Processes that save to the
    same path take turns, and the last one wins. Needs a POSIX system.

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
    """Lock ``path``, an empty file for this purpose only, while the block runs; other processes wait for it.

    When a process is killed, its lock is released and the next one uses the file it left. Needs a POSIX system.

    Raises:
        OSError: the folder is missing or not writable.
    """
    descriptor = _open_locked(path)
    try:
        yield
    finally:
        try:
            path.unlink(missing_ok=True)  # before the lock is released: who waits for it sees that, and makes its own
        finally:
            os.close(descriptor)


def check_replacing(path: str | os.PathLike[str]) -> None:
    """Check that ``replacing`` could begin, with an unnamed file in the folder.

    Raises:
        OSError: it could not; the error says why.
    """
    import tempfile  # slow to import, and needed here only

    target, partial = _places(path)
    with suppress(FileNotFoundError):
        partial.lstat()  # fails for a name that is too long
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
    """Open a file to write for this process only; wait while another one has it locked."""
    import fcntl  # absent on Windows, where the rest of the SDK still imports

    while True:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(partial)):
                return descriptor
        os.close(descriptor)  # the process we waited for has renamed or removed this file: take a new one


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to disk, so that they survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
