"""Replace a folder: at any moment and after a crash a reader finds the old version or the new one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fashionsdk._tools.atomic_file import locked, sync_folder


@contextmanager
def replacing_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` to fill; it replaces ``path`` when the block ends without an error.

    If the block raises, ``path`` stays as it was. No system call exchanges two folders everywhere, so for an instant
    the old one lies beside ``path`` as ``.NAME.previous``. ``existing_folder`` finds it there after a crash. Writers
    of one folder take turns, and the last one wins. The next writer removes the ``.NAME.partial`` that a killed one
    left. Needs a POSIX system.

    Raises:
        OSError: the folder above cannot be written, or is full.
    """
    target = Path(path).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    with locked(target.with_name(f".{target.name}.saving")):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            yield partial
            _flush(partial)
            _exchange(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def existing_folder(path: str | os.PathLike[str]) -> Path:
    """Return ``path``, or the old version beside it if a writer was killed between its two renames."""
    folder = Path(path)
    previous = _previous(folder.resolve())
    return previous if previous.is_dir() and not folder.exists() else folder


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
    sync_folder(target.parent)  # the rename is on disk before the old version is removed
    shutil.rmtree(previous, ignore_errors=True)


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def _flush(folder: Path) -> None:
    """Flush the files to disk, so that they survive a power cut after the rename."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        else:
            sync_folder(path)
    sync_folder(folder)
