"""The bytes that all threads of a process hold together while they read photos."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from fashionsdk._tools.after_fork import renew_after_fork
from fashionsdk.photos.limits._bounds import MAX_HELD_BYTES, SMALL_BYTES


class Budget:
    """Bytes that several threads share. Whoever asks waits until there are enough, first come first served.

    A thread asks once for all that it needs, so none waits for another that waits too. Who asks for more than there is
    in all gets it when nobody else holds any.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self.after_fork()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Forget who holds what: in a new process no other thread is left to give it back."""
        self._free = self._total
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition(threading.Lock())

    @contextmanager
    def hold(self, amount: int) -> Iterator[None]:
        """Hold so many bytes within the ``with`` block; wait for them first."""
        amount = min(amount, self._total)
        self._take(amount)
        try:
            yield
        finally:
            with self._changed:
                self._free = min(self._free + amount, self._total)
                if self._waiting:
                    self._changed.notify_all()

    def _take(self, amount: int) -> None:
        with self._changed:
            if not self._waiting and amount <= self._free:
                self._free -= amount
                return
            ticket = object()
            self._waiting.append(ticket)
            try:
                self._changed.wait_for(lambda: self._waiting[0] is ticket and amount <= self._free)
                self._free -= amount
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()  # the next in the queue may fit beside this one


READING = Budget(MAX_HELD_BYTES)


def hold_while_reading(held: ExitStack, amount: int) -> None:
    """Hold so many bytes of ``READING`` until ``held`` is closed, if they are not few."""
    if amount > SMALL_BYTES:
        held.enter_context(READING.hold(amount))
