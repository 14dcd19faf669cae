"""Replace a folder: at any moment and after a crash a reader finds the old version or the new one."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fashionsdk._tools.files.atomic_file import check_folder, check_not_mounted, keep_owner_and_mode, locked, sync
from fashionsdk._tools.files.regular_file import checked_name


@contextmanager
def replacing_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` to fill; it replaces ``path`` when the block ends without an error.

    If the block raises, ``path`` stays as it was. No system call exchanges two folders everywhere, so for an instant
    the old one lies beside ``path`` as ``.NAME.previous``. ``existing_folder`` finds it there after a crash. Writers
    of one folder take turns, and the last one wins. The next writer removes the ``.NAME.partial`` that a killed one
    left. The folder and the files in it keep the mode and owner of those that they replace, as in `replacing`. Needs a
    POSIX system.

    Raises:
        OSError: the folder above cannot be written, or is full, or ``path`` is no folder or a mount point.
    """
    target = _target(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    with locked(target.with_name(f".{target.name}.saving")):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(0o700 if target.exists() else 0o777)  # what it replaces may be private
        try:
            yield partial
            _flush(partial)
            _keep_owners_and_modes(partial, target)
            _exchange(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def existing_folder(path: str | os.PathLike[str]) -> Path:
    """Return ``path``, or the old version beside it if a writer was killed between its two renames."""
    folder = Path(path)
    with suppress(OSError, ValueError):  # a name that cannot be one: who reads the folder says so
        previous = _previous(Path(os.path.realpath(folder)))
        return previous if previous.is_dir() and not folder.exists() else folder
    return folder


def check_replacing_folder(path: str | os.PathLike[str]) -> None:
    """Check that ``replacing_folder`` could begin, without making a folder.

    Raises:
        OSError: it could not; the error says why.
    """
    target = _target(path)
    with suppress(FileNotFoundError, NotADirectoryError):
        _previous(target).lstat()  # fails for a name that is too long
    check_folder(next(folder for folder in target.parents if folder.exists()))


def _target(path: str | os.PathLike[str]) -> Path:
    """Return the folder to replace."""
    target = Path(os.path.realpath(checked_name(path)))
    if target.exists():
        if not target.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "it exists and is not a folder")
        check_not_mounted(str(target))
    return target


def _exchange(partial: Path, target: Path) -> None:
    previous = _previous(target)
    if target.exists():
        shutil.rmtree(previous, ignore_errors=True)
        target.rename(previous)
    try:
        partial.rename(target)
    except OSError:
        if previous.exists():
            previous.rename(target)
        raise
    sync(target.parent)  # the rename is on disk before the old version is removed
    shutil.rmtree(previous, ignore_errors=True)


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def _keep_owners_and_modes(folder: Path, old: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        with suppress(FileNotFoundError, NotADirectoryError):
            status = os.stat(old / path.relative_to(folder))
            descriptor = os.open(path, os.O_RDONLY)
            try:
                keep_owner_and_mode(descriptor, status)
            finally:
                os.close(descriptor)


def _flush(folder: Path) -> None:
    """Flush the files to disk, so that they survive a power cut after the rename."""
    for path in (*folder.rglob("*"), folder):
        sync(path)
