"""Runs a command so that any error becomes one line and an exit code."""

import os
import sys
import traceback
from collections.abc import Callable

from fashionsdk.cli._output import printable
from fashionsdk.errors import FashionSDKError

FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141  # the last two as a shell reports SIGINT and SIGPIPE


def guarded(program: str, action: Callable[[], int], *, debug: bool = False) -> int:
    """Return what ``action`` returns; if it fails, print one line on stderr and return an exit code.

    Args:
        program: the command's name, for the line.
        action: does the work and returns the exit code.
        debug: whether to print the traceback as well.
    """
    try:
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


def _fail(program: str, status: int, message: str, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"{program}: {printable(message)}", file=sys.stderr)
    return status
