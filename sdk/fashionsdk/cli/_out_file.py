"""The file that a command writes: whether it may and can be written is known before the work begins."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fashionsdk._tools.files.regular_file import checked_name, open_regular, reason, system_errors_as
from fashionsdk.errors import FashionSDKError


@dataclass(frozen=True)
class OutKind:
    """What a command writes.

    Attributes:
        name: such as "a gallery".
        suffixes: the endings that a name may have besides none, in lower case, the usual one first.
        wrote: tells by an open file's content whether this program wrote it. Only such a file, or an empty one, is
            replaced.
        worth: what an existing file of this kind holds, such as "269 items"; with None it is replaced unasked.
    """

    name: str
    suffixes: Collection[str]
    wrote: Callable[[BinaryIO], bool]
    worth: Callable[[Path], str] | None = None


def output_path(text: str, kind: OutKind, *, bundle: str, inputs: Iterable[str] = (), overwrite: bool = False) -> Path:
    """Return the path to write, after checking that it can and may be written.

    Args:
        text: the path as given.
        kind: what will be written.
        bundle: the command's bundle. Nothing may be written into it.
        inputs: the files that the command reads.
        overwrite: whether a file of this kind that is worth something may be replaced.

    Raises:
        FashionSDKError: the file cannot or must not be written.
    """
    from fashionsdk._tools.files.atomic_file import check_replacing

    path = Path(text)
    try:
        checked_name(path)
        if not (objection := _objection(path, bundle, inputs)):
            check_replacing(path)
            objection = _objection_to_replacing(path, kind, overwrite) or _wrong_suffix(path, kind)
    except OSError as error:
        objection = reason(error)
    if objection:
        raise FashionSDKError(f"cannot write {path}: {objection}")
    return path


def _objection(path: Path, bundle: str, inputs: Iterable[str]) -> str | None:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}; make it first"
    if path.is_dir():
        return "it is a folder; expected a file name"
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(bundle)):
        return f"it is in the bundle {bundle}; choose another folder"
    if path.exists() and any(_same(path, other) for other in inputs):
        return "the command reads this file; choose another name"
    return None


def _same(path: Path, other: str) -> bool:
    with suppress(OSError, ValueError):
        return os.path.samefile(path, other)
    return False


def _objection_to_replacing(path: Path, kind: OutKind, overwrite: bool) -> str | None:
    with suppress(FileNotFoundError):
        if not path.stat().st_size:
            return None
        with open_regular(path) as file:
            if not kind.wrote(file):
                return (
                    f"it exists and is not {kind.name} that this program wrote; choose another name, or move it away "
                    "first"
                )
        if kind.worth is not None and not overwrite:
            return f"it exists and holds {kind.worth(path)}; replace it with --overwrite, or choose another name"
    return None


def _wrong_suffix(path: Path, kind: OutKind) -> str | None:
    if path.suffix.lower() in ("", *kind.suffixes):
        return None
    usual, *others = kind.suffixes
    also = "".join(f" or {other}" for other in others)
    return f"the command writes {kind.name}, no {path.suffix} file; choose a name that ends in {usual}{also}"


@contextmanager
def writing(out: Path) -> Iterator[BinaryIO]:
    """Yield a file that replaces ``out`` in one step.

    Raises:
        FashionSDKError: it cannot be written; what was there before is untouched.
    """
    from fashionsdk._tools.files.atomic_file import replacing

    with system_errors_as(FashionSDKError, f"cannot write {out}"), replacing(out) as file:
        yield file
