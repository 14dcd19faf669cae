"""Ctrl-C, or a request to end, during a long call into a library that ignores exceptions of its callbacks."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def noting_interrupts() -> Iterator[threading.Event]:
    """Yield an event that these signals set; after the block their own handlers get them, as `KeyboardInterrupt`.

    A signal that has no handler of this program, because it is ignored or ends the process at once, stays as it is.
    """
    pressed, numbers = threading.Event(), list[int]()
    if threading.current_thread() is not threading.main_thread():  # only the main thread receives signals
        yield pressed
        return

    def note(number: int, _: object) -> None:
        numbers.append(number)
        pressed.set()

    known = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: handler for number in known if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, note)
    try:
        yield pressed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if numbers:
        signal.raise_signal(numbers[0])
