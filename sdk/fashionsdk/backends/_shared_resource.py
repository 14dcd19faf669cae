"""The lifecycle of what several threads use and one of them closes."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from fashionsdk._tools.after_fork import renew_after_fork


class SharedResource(ABC):
    """Base class of what holds memory until it is closed; ``with`` closes it at the end of the block.

    `close` waits for the calls that run in other threads, then frees. Do not call it inside such a call: it would
    wait for itself.

    Args:
        name: what it is called in the error of a use after close, such as ``"this Embedder"``.
        remedy: what the error says to do, such as ``"open the bundle again"``.
    """

    def __init__(self, name: str, remedy: str = "open it again") -> None:
        self._name = name
        self._closed_message = f"{name} is closed; {remedy}"
        self._closed = False
        self._calls = 0
        self._call_ended = threading.Condition()
        renew_after_fork(self)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Wait for running calls, then free the memory. Calls from now on are a ``ValueError``; a second close is none.

        A second thread that closes meanwhile waits for the running calls too.
        """
        with self._call_ended:
            first, self._closed = not self._closed, True
            self._call_ended.wait_for(lambda: self._calls == 0)
        if first:
            self._free()

    def __enter__(self) -> Self:
        with self._call_ended:
            self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(f"{self._name} cannot be pickled; pickle the bundle's path, and open it in the other process")

    def after_fork(self) -> None:
        """Forget the calls of the parent's threads, which a forked child does not have."""
        self._calls, self._call_ended = 0, threading.Condition()

    @abstractmethod
    def _free(self) -> None:
        """Free the memory; called once, when no call runs."""

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        """Keep it open during the block, which is one call.

        Raises:
            ValueError: it is closed.
        """
        with self._call_ended:
            self._check_open()
            self._calls += 1
        try:
            yield
        finally:
            with self._call_ended:
                self._calls -= 1
                self._call_ended.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise ValueError(self._closed_message)
