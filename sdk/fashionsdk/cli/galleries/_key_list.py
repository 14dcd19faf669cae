"""Reads a list of keys, one a line, from a file or from standard input."""

import argparse
import sys
from typing import Any

from fashionsdk._tools.files.regular_file import read_regular, system_errors_as
from fashionsdk._tools.standard_streams import usable
from fashionsdk.errors import FashionSDKError

STDIN = "-"


def add_on_unknown_option(parser: argparse.ArgumentParser, text: str) -> None:
    """Add what to do about keys that the gallery lacks; ``text`` is its help."""
    parser.add_argument("--on-unknown", choices=("skip", "raise"), default="raise", help=text)


def read_key_lines(path: str) -> list[str]:
    """Return the file's lines. Bytes that are not UTF-8 are kept: keys are file names, which may hold them.

    Raises:
        FashionSDKError: the list cannot be read.
    """
    with system_errors_as(FashionSDKError, f"cannot read the list of keys {path}"):
        data = _stdin() if path == STDIN else read_regular(path)
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return [line.removesuffix("\r") for line in text.split("\n")]


def _stdin() -> bytes:
    stream: Any = usable(sys.stdin)
    if stream is None:
        raise FashionSDKError("there is no standard input to read the list of keys from; give a file with --keys")
    read = getattr(stream, "buffer", stream).read()
    return read if isinstance(read, bytes) else str(read).encode("utf-8", "surrogateescape")
