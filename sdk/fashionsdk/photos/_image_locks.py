"""Pillow images that several threads are given: one reads at a time.

Two threads that decode one Pillow image at once would fail, or get wrong pixels.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from PIL import Image

_LOCKS = [threading.Lock() for _ in range(64)]  # an image always has the same


def _renew_locks() -> None:
    _LOCKS[:] = [threading.Lock() for _ in _LOCKS]


if hasattr(os, "register_at_fork"):  # a thread that held one is not in the child
    os.register_at_fork(after_in_child=_renew_locks)


@contextmanager
def alone(image: Image.Image) -> Iterator[None]:
    """Keep other threads from an image, and from the file that it and other images are still to be read from."""
    shared = [thing for thing in (image, getattr(image, "fp", None)) if thing is not None]
    with ExitStack() as held:
        for number in sorted({id(thing) // 64 % len(_LOCKS) for thing in shared}):  # in one order: no two wait in turn
            held.enter_context(_LOCKS[number])
        yield
