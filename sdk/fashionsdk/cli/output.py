"""What commands print: answers on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fashionsdk.errors import FashionSDKError


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON object, in ASCII, so that any file name can be printed anywhere."""
    print(json.dumps(answer, indent=2, allow_nan=False))


def note(message: str) -> None:
    """Tell the person at the terminal something that is not the answer."""
    print(printable(message), file=sys.stderr)


def printable(text: str) -> str:
    """Return one line that a terminal shows as it is: control characters and stray bytes are escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def output_path(text: str) -> Path:
    """Return the path to write, refusing early what could only fail after the work is done.

    Raises:
        FashionSDKError: its folder is missing, or a folder is in its place.
    """
    path = Path(text)
    if not path.parent.is_dir():
        raise FashionSDKError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise FashionSDKError(f"cannot write {path}: it is a folder; expected a file name")
    return path
