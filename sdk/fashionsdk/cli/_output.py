"""What commands print: answers on stdout, everything else on stderr."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from io import TextIOWrapper
from typing import Any, TextIO

from fashionsdk._tools.files.regular_file import reason
from fashionsdk._tools.printable_text import printable, printable_lines
from fashionsdk._tools.progress import beside_bars
from fashionsdk._tools.standard_streams import flush, occupy_descriptors, usable
from fashionsdk.errors import FashionSDKError

MOST_NAMED = 20  # skipped things named on stderr; the JSON answer names all


def print_json(answer: Mapping[str, Any]) -> None:
    """Print one JSON object, in ASCII, so that any file name can be printed anywhere."""
    print_answer(json.dumps(answer, indent=2, allow_nan=False))


def print_answer(text: str) -> None:
    """Print an answer on stdout. Control characters are escaped, but for line breaks; names need `printable` before.

    Raises:
        FashionSDKError: it cannot be written.
        BrokenPipeError: nobody reads it.
    """
    stream = usable(sys.stdout)
    if stream is None:
        note("there is no standard output to print the answer on")
        return
    try:
        print(printable_lines(text), file=stream)
        flush(stream)
    except BrokenPipeError:
        raise
    except OSError as error:
        discard(sys.stdout)
        raise FashionSDKError(f"cannot print the answer on standard output: {reason(error)}") from error


def discard(stream: TextIO | None) -> None:
    """Send what a standard stream still keeps back nowhere; else Python fails on it again at exit."""
    with suppress(OSError, AttributeError):  # there is none, or it is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]


def note(message: str) -> None:
    """Print a line on stderr that is not part of the answer. Without stderr it is lost, rather than the work."""
    if (stream := usable(sys.stderr)) is None:
        return
    try:
        with beside_bars(stream):
            print(printable(message), file=stream)
    except BrokenPipeError:
        raise
    except OSError:  # a full disk, for example
        discard(stream)


class LogNotes(logging.Handler):
    """Prints log messages as notes: on the stderr of the moment, between bars, control characters escaped."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message, and the traceback if it has one."""
        for line in self.format(record).split("\n"):
            note(line)


def show_log() -> None:
    """Print the log's messages on stderr, unless the program has set up the log already."""
    logging.basicConfig(format="%(message)s", handlers=[LogNotes()])


def note_skipped(skipped: int, count: int, what: str) -> None:
    """Print on stderr how many of ``count`` were skipped, after the first ``MOST_NAMED`` have been named."""
    if skipped > MOST_NAMED:
        note(f"... and {skipped - MOST_NAMED} more (--json names all)")
    if skipped:
        note(f"skipped {skipped} of {count} {what}")


def prepare_streams() -> None:
    """Make the standard streams safe to write to, whatever they are.

    Both escape the characters that their encoding lacks, such as an accent in ASCII.
    """
    occupy_descriptors()
    for stream in (usable(sys.stdout), usable(sys.stderr)):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
