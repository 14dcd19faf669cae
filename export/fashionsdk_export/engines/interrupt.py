"""Ctrl-C during a long call into a library that swallows what its callbacks raise."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def noting_interrupts() -> Iterator[threading.Event]:
    """Turn Ctrl-C into an event that the block looks at, and into ``KeyboardInterrupt`` after the block."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread hears of Ctrl-C
        yield pressed
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.set())
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        raise KeyboardInterrupt
