"""A simulated CUDA device and its driver: they store bytes, run streams, and check the rules.

Work on a stream runs as late as the rules allow, at once, or at random moments. Correct programs are not affected.
A broken rule is an ``AssertionError`` where it happens, and is listed in ``broken``, since a finaliser cannot raise.
"""

import itertools
import random
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Pace = Literal["late", "at once", "random"]
Range = tuple[int, int]  # addresses, of the device or of the host: the two never meet

GARBAGE = 0xCD


class CudaError(Exception):
    """``pycuda.driver.Error``."""


@dataclass(eq=False)
class Work:
    """Something put on a stream, and the memory that it reads or writes."""

    run: Callable[[], None]
    touches: list[Range]


@dataclass
class Queue:
    """A stream's work, and who records it."""

    handle: int
    work: deque[Work] = field(default_factory=deque)
    recording: list[Work] | None = None
    recorder: int | None = None
    spoilt: bool = False


def call(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a method a call of the driver; it may fail and, unlike Python, leaves no frame that keeps its arguments."""

    @wraps(function)
    def guarded(self: Any, *arguments: Any) -> Any:
        try:
            with self.cuda.lock:
                fails = self.cuda.step(function.__name__)
                if fails and function.__name__ == "synchronize" and self.queue is not None:
                    self.queue.work.clear()  # what was on the stream has failed, and is not run any more
                answer = None if fails and function.__name__ != "free" else function(self, *arguments)
                if fails:  # memory is gone even if the driver complains
                    raise CudaError(f"{function.__name__} failed: a test")
                return answer
        except CudaError as error:
            failure = error.with_traceback(None)
        del self, arguments
        try:
            raise failure
        finally:
            del failure

    return guarded


def locked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a method one step, whatever other threads do."""

    @wraps(function)
    def guarded(self: Any, *arguments: Any) -> Any:
        with self.lock:
            return function(self, *arguments)

    return guarded


class Cuda:
    """One device and its driver."""

    def __init__(self, pace: Pace = "late", seed: int = 0) -> None:
        self.lock = threading.RLock()
        self.pace = pace
        self.calls: Counter[str] = Counter()
        self.broken: list[str] = []
        self.fails: Callable[[int], bool] = lambda number: False  # which calls fail, counted from 1
        self.device: dict[int, NDArray[np.uint8]] = {}
        self.host: dict[int, NDArray[np.uint8]] = {}
        self.queues: dict[int, Queue] = {}
        self.other: Counter[str] = Counter()  # what else exists: events, engines, execution contexts, graphs
        self._random = random.Random(seed)
        self._handles = itertools.count(0x7F12_0000_0000, 0x10_0000)
        self._stacks = threading.local()

    def rule(self, followed: bool, text: str) -> None:
        """Note a broken rule."""
        if not followed:
            self.broken.append(text)
            raise AssertionError(text)

    @locked
    def step(self, name: str) -> bool:
        """Count a call, let some work be done meanwhile, and tell whether the call fails."""
        self.rule(self.current > 0, f"{name} is called without a current context")
        self.calls[name] += 1
        for queue in list(self.queues.values()) if self.pace == "random" else ():
            self.run(queue, self._random.randint(0, len(queue.work)))
        return self.fails(self.calls.total())

    @property
    def current(self) -> int:
        """How often this thread has pushed the context."""
        return int(getattr(self._stacks, "depth", 0))

    def push(self) -> None:
        """Make the context current in this thread; this cannot fail, or nothing could be freed ever again."""
        self._stacks.depth = self.current + 1

    def pop(self) -> None:
        self.rule(self.current > 0, "pop without push")
        self._stacks.depth -= 1

    def new_handle(self) -> int:
        return next(self._handles)

    @locked
    def add(self, what: str) -> None:
        """Note that there is one more of something that must be freed."""
        self.other[what] += 1

    @locked
    def drop(self, what: str) -> None:
        """Note that an object has gone with its last reference, which frees nothing unless the context is current."""
        self.other[what] -= 1
        if self.current == 0:
            self.broken.append(f"the last reference to a {what} goes without a current context: it leaks")

    @locked
    def put(self, queue: Queue, work: Work) -> None:
        """Put work on a stream, or into its recording."""
        if queue.recording is not None:
            queue.recording.append(work)
            return
        for other in self.queues.values():
            for pending in other.work if other is not queue else ():
                apart = all(a[1] <= b[0] or b[1] <= a[0] for a in pending.touches for b in work.touches)
                self.rule(apart, "two streams use the same memory at one time")
        queue.work.append(work)
        if self.pace == "at once":
            self.run(queue, 1)

    @locked
    def run(self, queue: Queue, count: int) -> None:
        for _ in range(count):
            queue.work.popleft().run()

    @locked
    def finish(self, queue: Queue, count: int | None = None) -> None:
        """Run what is on a stream."""
        self.rule(queue.recording is None, "a stream is waited for while it records")
        self.run(queue, len(queue.work) if count is None else count)

    @locked
    def view(self, address: int, size: int) -> NDArray[np.uint8]:
        """Return bytes of the device."""
        for start, data in self.device.items():
            if start <= address and address + size <= start + len(data):
                return data[address - start :][:size]
        self.rule(False, f"{size} bytes at {address:#x} of the device are not allocated, or freed")
        raise AssertionError

    @locked
    def pinned(self, array: NDArray[Any]) -> Range:
        """Return where an array lies, which must be page-locked memory."""
        start = array.__array_interface__["data"][0]
        self.rule(array.flags.c_contiguous, "an asynchronous copy of scattered bytes")
        for base, data in self.host.items():
            if base <= start and start + array.nbytes <= base + len(data):
                return start, start + array.nbytes
        self.rule(False, "an asynchronous copy of host memory that is not page-locked, or freed")
        raise AssertionError

    @locked
    def check_free(self, what: Range) -> None:
        pending = [work for queue in self.queues.values() for work in queue.work]
        used = any(start < what[1] and what[0] < end for work in pending for start, end in work.touches)
        self.rule(not used, "memory is freed while a stream uses it")

    def left(self) -> dict[str, int]:
        """Return what was not freed."""
        found = {"device": len(self.device), "host": len(self.host), **self.other}
        return {name: count for name, count in found.items() if count}
