"""Ctrl-C during a long call into a library that ignores exceptions of its callbacks."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def noting_interrupts() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C sets; after the block it becomes a ``KeyboardInterrupt``."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread receives signals
        yield pressed
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.set())
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        raise KeyboardInterrupt
