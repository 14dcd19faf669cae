"""Put a folder in place in one step, so that a reader sees all of it or none."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from fashionsdk.errors import BundleError


@contextmanager
def replacing(out: Path, owned: Callable[[Path], list[str]], *, overwrite: bool) -> Iterator[Path]:
    """Yield an empty folder beside ``out`` to fill; on success it becomes ``out``, on an error it goes away.

    A writer that is killed leaves a hidden ``.NAME.*.partial`` folder behind, and what was at ``out``. Only in
    the instant between the two renames of a replacement is nothing there; the old folder is then
    ``.NAME.*.old``.

    Args:
        out: the folder to make or to replace.
        owned: returns the files that belong to a folder of this kind, relative to it; raises
            :class:`BundleError` if it is not of this kind.
        overwrite: whether ``out`` may be replaced.

    Raises:
        BundleError: ``out`` exists and may not be replaced.
    """
    out = out.resolve()
    _check_replaceable(out, owned, overwrite)
    out.parent.mkdir(parents=True, exist_ok=True)
    stem = out.parent / f".{out.name}.{uuid4().hex}"
    partial, old = stem.with_name(f"{stem.name}.partial"), stem.with_name(f"{stem.name}.old")
    partial.mkdir()
    try:
        yield partial
        _flush(partial)
        _exchange(partial, out, old)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def _check_replaceable(out: Path, owned: Callable[[Path], list[str]], overwrite: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not overwrite:
        raise BundleError(f"{out} exists; choose another folder, or allow replacing the bundle there (overwrite)")
    try:
        known = {out / name for name in owned(out)}
    except BundleError as error:
        raise BundleError(f"{out} exists and is not a bundle, so it is not replaced: {error}") from error
    if foreign := sorted(str(path) for path in out.rglob("*") if not path.is_dir() and path not in known):
        raise BundleError(f"{foreign[0]} does not belong to the bundle and would be lost; move it away first")


def _exchange(partial: Path, out: Path, old: Path) -> None:
    if out.exists():
        out.rename(old)
    try:
        partial.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise


def _flush(folder: Path) -> None:
    """Force the files to the disk, so that a power cut after the rename finds them whole."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
