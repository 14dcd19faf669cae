"""A temporary folder that no killed process leaves behind for good: the next one removes it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fashionsdk._tools.files.regular_file import system_errors_as
from fashionsdk.errors import FashionSDKError

PREFIX = "fashionsdk-scratch-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield an empty folder in the system's temporary folder; it is removed when the block ends.

    Its process holds a lock (``flock``) on it. Folders whose lock is free belonged to processes that were killed, and
    are removed here. Needs a POSIX system.

    Raises:
        FashionSDKError: there is no place for it.
    """
    import tempfile  # slow to import, and needed here only

    with system_errors_as(FashionSDKError, "cannot make a temporary folder"):
        parent = Path(tempfile.gettempdir())
        remove_abandoned(parent)
        folder, lock = _make(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)  # after the folder is gone: nobody else may remove what is still written


def remove_abandoned(parent: Path) -> None:
    """Remove this user's scratch folders in ``parent`` that no living process uses."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):  # in use, another user's, or removed meanwhile
            lock = _lock(folder, wait=False)
            try:
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _make(parent: Path) -> tuple[Path, int]:
    """Return a new folder and the descriptor that holds its lock."""
    import tempfile

    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        with suppress(FileNotFoundError):  # another process took it for abandoned before it was locked
            lock = _lock(folder, wait=True)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _lock(folder: Path, *, wait: bool) -> int:
    import fcntl  # absent on Windows, where the rest of the SDK still imports

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            raise PermissionError(f"{folder} belongs to another user")
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
