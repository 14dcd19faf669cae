"""Replace a file as one step: at any moment and after a crash a reader finds the old version or the new one."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from fashionsdk._tools.files.regular_file import checked_name

_NOTHING_ELSE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # no link, and no pipe to wait for


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a file to write; it replaces ``path`` when the block ends without an error.

    The bytes go to ``.NAME.saving`` beside ``path`` and are flushed to disk before the rename. If the block raises,
    ``path`` stays as it was. The next process removes what a killed one left behind. Processes that save to the same
    path take turns, and the last one wins. A file that is replaced keeps its mode and, as far as this user may give
    files away, its owner and group. Needs a POSIX system.

    Raises:
        OSError: the folder is missing, not writable or full, or ``path`` is a folder, a device, a pipe or a socket, or
            a mount point.
    """
    target, partial = _places(path)
    with os.fdopen(_open_locked(partial), "wb") as file:
        try:
            with suppress(FileNotFoundError):
                keep_owner_and_mode(file.fileno(), os.stat(target))  # while there is nothing to read in it
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, target)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
    sync(target.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock ``path``, an empty file for this purpose only, while the block runs; other processes wait for it.

    When a process is killed, its lock is released and the next one removes the file it left. Needs a POSIX system.

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


def remove_abandoned(lock: Path, *files: Path) -> None:
    """Remove the files of a killed process that held ``lock``, and the lock; nothing if a living one holds it.

    Raises:
        OSError: they cannot be removed.
    """
    import fcntl  # absent on Windows, where the rest of the SDK still imports

    with suppress(FileNotFoundError, BlockingIOError):
        descriptor = os.open(lock, os.O_WRONLY | _NOTHING_ELSE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), os.stat(lock)):
                for path in (*files, lock):
                    path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def check_replacing(path: str | os.PathLike[str]) -> None:
    """Check that ``replacing`` could begin, with an unnamed file in the folder.

    Raises:
        OSError: it could not; the error says why.
    """
    target, partial = _places(path)
    with suppress(FileNotFoundError):  # what a killed process left may be another user's; this fails for long names too
        os.close(os.open(partial, os.O_WRONLY | _NOTHING_ELSE))
    check_folder(target.parent)
    _check_sticky(target)


def check_folder(folder: Path) -> None:
    """Check that files can be made in a folder.

    Raises:
        OSError: they cannot; the error says why.
    """
    import tempfile  # slow to import, and needed here only

    with tempfile.TemporaryFile(dir=folder):
        pass


def keep_owner_and_mode(descriptor: int, old: os.stat_result) -> None:
    """Give a new file or folder the owner, group and permissions of the one that it replaces, as far as allowed.

    Only root may give files to others. If the group cannot be kept, the new group may do no more than everybody, as
    editors do: the file must not become readable for people who could not read it.
    """
    mode, new = stat.S_IMODE(old.st_mode) & 0o777, os.fstat(descriptor)
    same = (new.st_uid, new.st_gid) == (old.st_uid, old.st_gid)
    kept = same or _give(descriptor, old.st_uid, old.st_gid) or new.st_gid == old.st_gid
    if not kept and not _give(descriptor, -1, old.st_gid):
        mode = mode & 0o707 | (mode & 0o007) << 3
    with suppress(OSError):  # a file system without permissions, such as a memory card's
        os.fchmod(descriptor, mode)


def _give(descriptor: int, user: int, group: int) -> bool:
    try:
        os.fchown(descriptor, user, group)
    except OSError:
        return False
    return True


def check_not_mounted(target: str) -> None:
    """Check that a file or folder is no mount point, which cannot be renamed over.

    Raises:
        OSError: it is one, such as a single file that was mounted into a container.
    """
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            mounted = {line.split(" ")[4] for line in file}
    except OSError:  # another system than Linux
        mounted = set()
    escaped = "".join(f"\\{ord(letter):03o}" if letter in " \t\n\\" else letter for letter in target)
    if escaped in mounted or os.path.ismount(target):
        raise OSError(errno.EBUSY, "it is a mount point, which cannot be replaced; mount the folder above it instead")


def _places(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Return the file to replace and the one to write before; only a regular file may be replaced."""
    name = checked_name(path)
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(name).st_mode):
            raise OSError(errno.EINVAL, f"{name} is not a regular file")
        check_not_mounted(os.path.realpath(name))
    target = Path(os.path.realpath(name))  # a link stays a link: what it points to is replaced
    return target, target.with_name(f".{target.name}.saving")


def _check_sticky(target: Path) -> None:
    """Check that a file of another user may be renamed over, which a sticky folder such as /tmp does not allow."""
    folder, me = os.stat(target.parent), os.geteuid()
    with suppress(FileNotFoundError):
        owners = (0, folder.st_uid, os.stat(target).st_uid)
        if folder.st_mode & stat.S_ISVTX and me not in owners:
            raise PermissionError(errno.EPERM, "it belongs to another user, whose files cannot be replaced here")


def _open_locked(partial: Path) -> int:
    """Make a file to write for this process only; wait while another one has it locked, and remove what one left."""
    import fcntl  # absent on Windows, where the rest of the SDK still imports

    while True:
        with suppress(FileExistsError):
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            if _hold(descriptor, partial):
                return descriptor
        with suppress(FileNotFoundError):  # renamed or removed meanwhile
            descriptor = os.open(partial, os.O_WRONLY | _NOTHING_ELSE)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.path.samestat(os.fstat(descriptor), os.stat(partial)):
                    partial.unlink()  # of a killed process: its mode may be that of another file
            finally:
                os.close(descriptor)


def _hold(descriptor: int, partial: Path) -> bool:
    """Lock a file that was just made, and say whether it is still there; else close it."""
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with suppress(FileNotFoundError):
        if os.path.samestat(os.fstat(descriptor), os.stat(partial)):
            return True
    os.close(descriptor)
    return False


def sync(path: Path) -> None:
    """Flush a file, or a folder's entries, to disk, so that they survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
