"""Runs a command so that any error becomes one line and an exit code."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fashionsdk.cli._output import printable
from fashionsdk.errors import FashionSDKError

FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141  # the last two as a shell reports SIGINT and SIGPIPE


def guarded(program: str, action: Callable[[], int], *, debug: bool = False, extra: str = "") -> int:
    """Return what ``action`` returns; if it fails, print one line on stderr and return an exit code.

    Args:
        program: the command's name, for the line.
        action: does the work and returns the exit code.
        debug: whether to print the traceback as well.
        extra: what installs the packages that the work imports; the line names it if one is missing.
    """
    try:
        with from_extra(extra):
            status = action()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _fail(program, INTERRUPTED, "interrupted", debug)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains again at exit
        return BROKEN_PIPE
    except (FashionSDKError, OSError) as error:
        return _fail(program, FAILED, f"error: {error}", debug)
    except ValueError as error:
        return _fail(program, USAGE, f"error: {error}", debug)
    except Exception as error:
        advice = "this is unexpected; please report it with the output of --debug"
        return _fail(program, FAILED, f"error: {type(error).__name__}: {error}; {advice}", debug)
    return status


@contextmanager
def from_extra(extra: str) -> Iterator[None]:
    """Import the packages of an extra in the block; without an extra, do nothing.

    Raises:
        FashionSDKError: one is not installed.
    """
    try:
        yield
    except ImportError as error:
        if not extra or (error.name or "fashionsdk").startswith("fashionsdk"):
            raise  # a mistake of ours, not a missing package
        raise FashionSDKError(
            f'{error.name} cannot be imported: {error}; run pip install "fashionsdk[{extra}]"'
        ) from error


def _fail(program: str, status: int, message: str, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"{program}: {printable(message)}", file=sys.stderr)
    return status
