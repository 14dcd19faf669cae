"""Runs a command so that any error becomes one line and an exit code, and a signal leaves nothing behind."""

import _thread
import signal
import sys
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from fashionsdk._tools.files.regular_file import reason
from fashionsdk._tools.standard_streams import flush, usable
from fashionsdk.cli._output import discard, note
from fashionsdk.errors import FashionSDKError

FAILED, USAGE, BROKEN_PIPE = 1, 2, 141
SIGNALLED = 128  # and the signal's number, as a shell reports it: 130 for Ctrl-C
LEFT = "no temporary files are left behind"


class Terminated(KeyboardInterrupt):
    """The process was told to end. Everything is left and cleaned up as after Ctrl-C.

    Attributes:
        signal: the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"{signal.Signals(number).name}; {LEFT}")
        self.signal = number


def guarded(program: str, action: Callable[[], int], *, debug: bool = False, extra: str = "") -> int:
    """Return what ``action`` returns; if it fails, print one line on stderr and return an exit code.

    Args:
        program: the command's name, for the line.
        action: does the work and returns the exit code.
        debug: whether to print the traceback as well.
        extra: what installs the packages that the work imports; the line names it if one is missing.
    """
    try:
        with ending_cleanly(), from_extra(extra):
            status = action()
            if (stream := usable(sys.stdout)) is not None:
                flush(stream)
    except Terminated as error:
        return _fail(program, SIGNALLED + error.signal, f"terminated by {error}", debug)
    except KeyboardInterrupt:
        return _fail(program, SIGNALLED + signal.SIGINT, "interrupted", debug)
    except BrokenPipeError:
        discard(sys.stdout)
        return BROKEN_PIPE
    except FashionSDKError as error:
        return _fail(program, FAILED, f"error: {error}", debug)
    except OSError as error:
        return _fail(program, FAILED, f"error: {system_error(error)}", debug)
    except ValueError as error:
        return _fail(program, USAGE, f"error: {error}", debug)
    except Exception as error:
        advice = "this is unexpected; please report it with the output of --debug"
        return _fail(program, FAILED, f"error: {type(error).__name__}: {error}; {advice}", debug)
    return status


def raise_signal_of(status: int) -> None:
    """Raise `Terminated` if the exit code of a command that ran in this process says that a signal ended it."""
    if status - SIGNALLED in signal.valid_signals():
        raise Terminated(status - SIGNALLED)


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP in the block into `Terminated`, so that whatever is open is closed and removed.

    A signal that the process ignores, or that somebody else handles, stays as it is.

    Raises:
        Terminated: a signal came.
    """
    numbers = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        numbers = []
    taken = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    order = _Order()
    for number in taken:
        signal.signal(number, order.given)
    try:
        yield
    finally:
        order.block_left.set()
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
    if order.number is not None:
        raise Terminated(order.number)


class _Order:
    """The order to end, and the insistence on it: imports of compiled modules swallow any exception now and then.

    numpy's do, in ``Sequence.register``. The order is repeated once its exception is gone and the program still runs.
    """

    PATIENCE = 0.1  # seconds

    def __init__(self) -> None:
        self.number: int | None = None
        self.block_left = threading.Event()
        self._raised: Callable[[], Terminated | None] = lambda: None

    def given(self, number: int, _: FrameType | None) -> None:
        """Handle the signal: raise `Terminated`, unless one is on its way already, whose cleaning must not stop."""
        if self._raised() is None:
            self.number = number
            raise self._new(number)

    def _new(self, number: int) -> Terminated:
        """Return the exception; a variable of the frame that raises it would keep it alive."""
        error = Terminated(number)
        self._raised = weakref.ref(error)
        threading.Thread(target=self._insist, args=(number,), daemon=True).start()
        return error

    def _insist(self, number: int) -> None:
        while self._raised() is not None and not self.block_left.wait(self.PATIENCE):
            pass
        if not self.block_left.is_set():
            _thread.interrupt_main(signal.Signals(number))


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


def system_error(error: OSError) -> str:
    """Return the system's words for an error, after the files that it is about."""
    files = [str(name) for name in (error.filename, error.filename2) if name is not None]
    return ": ".join([*files, reason(error)])


def _fail(program: str, status: int, message: str, debug: bool) -> int:
    lines = traceback.format_exc().splitlines() if debug else []
    with suppress(BrokenPipeError):
        for line in [*lines, f"{program}: {message}"]:
            note(line)
    return status
