"""Whether a folder may be replaced by a bundle."""

import os
from collections.abc import Callable
from pathlib import Path

from fashionsdk._tools.files.atomic_folder import check_replacing_folder
from fashionsdk._tools.files.regular_file import checked_name, system_errors_as
from fashionsdk.errors import BundleError


def check_replaceable(out: Path, owned: Callable[[Path], list[str]], *, overwrite: bool) -> None:
    """Check that a folder is new or empty, or a bundle that may be replaced.

    Args:
        out: the folder to make or to replace.
        owned: returns the files that belong to the bundle in a folder, relative to it.
        overwrite: whether a bundle may be replaced.

    Raises:
        BundleError: ``out`` exists and may not be replaced, or cannot be written.
    """
    with system_errors_as(BundleError, f"cannot write the bundle {out}"):
        if os.path.lexists(checked_name(out)) and not (out.is_dir() and not any(out.iterdir())):
            _check_bundle(out, owned, overwrite=overwrite)
        check_replacing_folder(out)


def _check_bundle(out: Path, owned: Callable[[Path], list[str]], *, overwrite: bool) -> None:
    if not overwrite:
        raise BundleError(
            f"{out} exists; choose another folder, or allow replacing it (overwrite=True, or --overwrite)"
        )
    try:
        known = {out / name for name in owned(out)}
    except BundleError as error:
        raise BundleError(f"{out} exists and is not a bundle, so it is not replaced: {error}") from error
    if foreign := sorted(str(path) for path in out.rglob("*") if not path.is_dir() and path not in known):
        raise BundleError(f"{foreign[0]} does not belong to the bundle and would be lost; move it away first")
