"""What commands print: answers on stdout, everything else on stderr."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

from fashionsdk.errors import FashionSDKError

MOST_NAMED = 20  # skipped things named on stderr; the JSON answer names all


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON object, in ASCII, so that any file name can be printed anywhere."""
    print(json.dumps(answer, indent=2, allow_nan=False))


def note(message: str) -> None:
    """Print a line on stderr that is not part of the answer."""
    print(printable(message), file=sys.stderr)


def note_skipped(skipped: int, count: int, what: str) -> None:
    """Print on stderr how many of ``count`` were skipped, after the first ``MOST_NAMED`` have been named."""
    if skipped > MOST_NAMED:
        note(f"... and {skipped - MOST_NAMED} more (--json names all)")
    if skipped:
        note(f"skipped {skipped} of {count} {what}")


def printable(text: str) -> str:
    """Return the text on one line, with control characters and undecodable bytes escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def accept_any_text() -> None:
    """Make both streams escape the characters that their encoding lacks, such as an accent in ASCII."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def output_path(text: str, kind: str, mark: bytes, *, bundle: str, inputs: Iterable[str] = ()) -> Path:
    """Return the path to write, after checking that it can and may be written.

    Args:
        text: the path as given.
        kind: what will be written, such as "a gallery".
        mark: how such a file begins. An existing file that begins otherwise is not replaced, unless it is empty.
        bundle: the command's bundle. Nothing may be written into it.
        inputs: the files that the command reads.

    Raises:
        FashionSDKError: the file cannot or must not be written.
    """
    from fashionsdk._tools.atomic_file import check_replacing

    path = Path(text)
    try:
        if not (reason := _objection(path, bundle, inputs)):
            check_replacing(path)
            reason = _other_kind(path, kind, mark)
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise FashionSDKError(f"cannot write {path}: {reason}")
    return path


def _objection(path: Path, bundle: str, inputs: Iterable[str]) -> str | None:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}; make it first"
    if path.is_dir():
        return "it is a folder; expected a file name"
    if path.resolve().is_relative_to(Path(bundle).resolve()):
        return f"it is in the bundle {bundle}; choose another folder"
    if path.exists() and any(_same(path, other) for other in inputs):
        return "the command reads this file; choose another name"
    return None


def _same(path: Path, other: str) -> bool:
    with suppress(OSError, ValueError):
        return os.path.samefile(path, other)
    return False


def _other_kind(path: Path, kind: str, mark: bytes) -> str | None:
    with suppress(FileNotFoundError), path.open("rb") as file:
        if (start := file.read(len(mark))) and start != mark:
            return f"it exists and is not {kind}; choose another name, or move it away first"
    return None


@contextmanager
def writing(out: Path) -> Iterator[BinaryIO]:
    """Yield a file that replaces ``out`` in one step.

    Raises:
        FashionSDKError: it cannot be written; what was there before is untouched.
    """
    from fashionsdk._tools.atomic_file import replacing

    try:
        with replacing(out) as file:
            yield file
    except OSError as error:
        raise FashionSDKError(f"cannot write {out}: {error.strerror or error}") from error
