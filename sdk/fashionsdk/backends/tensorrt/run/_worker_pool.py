"""A few workers that many threads share."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Generic, TypeVar

from fashionsdk.backends.tensorrt.run._lru import Closeable

Worker = TypeVar("Worker", bound=Closeable)


class WorkerPool(Generic[Worker]):
    """At most ``size`` workers, made when they are needed. A thread waits while none is idle.

    Args:
        make: makes a worker; called by one thread at a time.
        size: the most workers at once.
        finish: called once, after the pool and its last worker are closed.
    """

    def __init__(self, make: Callable[[], Worker], size: int, finish: Callable[[], None]) -> None:
        if size < 1:
            raise ValueError(f"workers is {size}; expected 1 or more")
        self._make = make
        self._size = size
        self._finish = finish
        self._idle: list[Worker] = []
        self._count = 0
        self._closed = False
        self._finished = False
        self._changed = threading.Condition()
        self._making = threading.Lock()

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """Lend a worker for the block. After an exception it is closed, since its state is unknown.

        Raises:
            ValueError: the pool is closed.
        """
        worker = self._take()
        try:
            yield worker
        except BaseException:
            self._discard(worker)
            raise
        self._give_back(worker)

    def close(self) -> None:
        """Close the idle workers now, and the borrowed ones when they come back. Closing twice does nothing."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        with ExitStack() as closing:  # closes the others after an error too
            closing.callback(self._forget, len(idle))
            for worker in idle:
                closing.callback(worker.close)

    def _take(self) -> Worker:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._idle or self._count < self._size)
            if self._closed:
                raise ValueError("the backend is closed; open the bundle again")
            if self._idle:
                return self._idle.pop()  # the one used last, whose buffers and graphs are warm
            self._count += 1
        try:
            with self._making:
                return self._make()
        except BaseException:
            self._forget(1)
            raise

    def _give_back(self, worker: Worker) -> None:
        with self._changed:
            if not self._closed:
                self._idle.append(worker)
                self._changed.notify()
                return
        self._discard(worker)

    def _discard(self, worker: Worker) -> None:
        try:
            worker.close()
        finally:
            self._forget(1)

    def _forget(self, count: int) -> None:
        with self._changed:
            self._count -= count
            last = self._closed and self._count == 0 and not self._finished
            self._finished |= last
            self._changed.notify()
        if last:
            self._finish()
