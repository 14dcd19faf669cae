"""Callers that keep a model busy at the same time, each counting the photos it embedded, every answer checked."""

import itertools
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Protocol

from fashionsdk import Embedder
from fashionsdk.bundle import Bundle
from harness.answers import ReferenceBatch, check_embeddings
from harness.separate_process import RemoteObject
from methods.embedding_methods import Call, SDKMethod, Vectors


class Callers(Protocol):
    """Callers that embed photos as fast as they can."""

    def run(self, seconds: float) -> float:
        """Embed photos for ``seconds`` and return how many a second."""

    def close(self) -> None:
        """End threads and processes."""


def count(
    call: Call, expected: Vectors, precision: str, seconds: float, ready: Callable[[], object]
) -> tuple[int, float]:
    """Call until ``seconds`` are over, once ``ready`` returns; return the photos embedded and the seconds it took.

    Raises:
        WrongAnswer: an answer differs from ``expected`` ``(B, A, D)`` by more than ``precision`` allows.
    """
    ready()
    photos, begin = 0, time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        check_embeddings(expected, call(), precision)
        photos += len(expected)
    return photos, passed


class ThreadCallers:
    """Threads that share one method to embed."""

    def __init__(self, call: Call, batch: ReferenceBatch, precision: str, callers: int) -> None:
        self._count = partial(count, call, batch.expected, precision)
        self._callers, self._pool = callers, ThreadPoolExecutor(callers)

    def run(self, seconds: float) -> float:
        """Embed photos for ``seconds`` and return how many a second."""
        ready = Barrier(self._callers).wait
        futures = [self._pool.submit(self._count, seconds, ready) for _ in range(self._callers)]
        return sum(photos / passed for photos, passed in (future.result() for future in futures))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


def share_embedder(bundle: Bundle, method: SDKMethod, threads: int, batch_size: int, callers: int) -> ThreadCallers:
    """Return threads that share one `Embedder`, which has embedded the batch once."""
    embedder, batch = method.embedder(bundle, threads, batch_size), ReferenceBatch(bundle.reference(), batch_size)
    embedder.embed(batch.images)
    return ThreadCallers(lambda: embedder.embed(batch.images).vectors, batch, method.precision, callers)


class ProcessCallers:
    """Processes with an `Embedder` and one caller each."""

    def __init__(self, bundle: Bundle, method: SDKMethod, threads: int, batch_size: int, callers: int) -> None:
        make = partial(share_embedder, bundle, method, threads, batch_size, 1)
        self._pool = ThreadPoolExecutor(callers)  # a thread waits for each process
        self._processes = list(self._pool.map(RemoteObject, [make] * callers))

    def run(self, seconds: float) -> float:
        """Embed photos for ``seconds`` and return how many a second."""
        rates: Iterator[float] = self._pool.map(lambda process: process.call("run", seconds), self._processes)
        return sum(rates)

    def close(self) -> None:
        """End the processes."""
        self._processes.clear()
        self._pool.shutdown()


class Readers:
    """``Embedder.embed_many`` on JPEG files, which a number of threads read."""

    def __init__(
        self, embedder: Embedder, photos: Sequence[bytes], batch_size: int, workers: int, precision: str
    ) -> None:
        self._embedder, self._photos, self._precision = embedder, photos, precision
        self._batch_size, self._workers = batch_size, workers
        self._expected = embedder.embed(photos).vectors

    def run(self, seconds: float) -> float:
        """Embed photos for ``seconds``, after a first batch, and return how many a second."""
        checked = self._checked()
        next(checked)
        photos, begin = 0, time.perf_counter()
        while (passed := time.perf_counter() - begin) < seconds:
            next(checked)
            photos += self._batch_size
        checked.close()
        return photos / passed

    def _checked(self) -> Generator[None, None, None]:
        """Yield after each batch of photos that were embedded rightly, without end."""
        photos, size = itertools.cycle(self._photos), self._batch_size
        stream = self._embedder.embed_many(photos, batch_size=size, workers=self._workers)
        try:
            for item in stream:
                assert item.embeddings is not None, "an unreadable photo raises"
                expected = self._expected[item.index % len(self._photos)]
                check_embeddings(expected, item.embeddings.vectors[0], self._precision)
                if (item.index + 1) % size == 0:
                    yield
        finally:
            stream.close()

    def close(self) -> None:
        """Nothing stays open."""
