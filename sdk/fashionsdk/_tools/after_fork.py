"""What a forked child does before anything else: it renews what other threads of the parent held or ran."""

import os
import threading
import weakref
from typing import Protocol


class Renewable(Protocol):
    """Something with a lock, or with threads of its own; a forked child has the lock as it was, but not the threads."""

    def after_fork(self) -> None:
        """Make it usable in the child; called there before any other thread starts. It must not raise."""


_renewed: weakref.WeakSet[Renewable] = weakref.WeakSet()


def renew_after_fork(thing: Renewable) -> None:
    """Call ``thing.after_fork()`` in every forked child, as long as the thing lives."""
    _renewed.add(thing)


def keep_forever(thing: object) -> None:
    """Never destroy a thing, not even when the interpreter ends: it would wait for threads that are gone."""
    import ctypes  # here, because it is slow to import; whoever has such a thing has numpy, which imports it

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


class RenewedLock:
    """A lock that is free in a forked child, even if another thread of the parent held it. Use it in a ``with``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        renew_after_fork(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def after_fork(self) -> None:
        """Take a new lock; the thread that would release the old one is gone."""
        self._lock = threading.Lock()


def _renew_all() -> None:
    for thing in list(_renewed):
        thing.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_renew_all)
