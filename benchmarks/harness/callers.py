"""Callers that keep a model busy, each counting the photos it was given answers for, all of them checked."""

import itertools
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any, Protocol

from fashionsdk import Embedder
from fashionsdk.bundle import Bundle
from ways.embedding_ways import Batch, Call, Ours, Vectors, check_quickly


class Callers(Protocol):
    """Something that embeds photos as fast as it can."""

    def run(self, seconds: float) -> float:
        """Embed photos for ``seconds`` and return how many a second."""

    def close(self) -> None:
        """Let go of threads and processes."""


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
        check_quickly(expected, call(), precision)
        photos += len(expected)
    return photos, passed


class ThreadCallers:
    """Threads that share one way to embed."""

    def __init__(self, call: Call, batch: Batch, precision: str, callers: int) -> None:
        self._count = partial(count, call, batch.expected.embeddings, precision)
        self._callers, self._pool = callers, ThreadPoolExecutor(callers)

    def run(self, seconds: float) -> float:
        """Embed photos for ``seconds`` and return how many a second."""
        ready = Barrier(self._callers).wait
        futures = [self._pool.submit(self._count, seconds, ready) for _ in range(self._callers)]
        return sum(photos / passed for photos, passed in (future.result() for future in futures))

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown()


class ProcessCallers:
    """Processes with an :class:`Embedder` each."""

    def __init__(self, bundle: Path, ours: Ours, threads: int, batch_size: int, callers: int) -> None:
        context = multiprocessing.get_context("spawn")
        given = (context.Barrier(callers), bundle, ours, threads, batch_size)
        self._callers, self._pool = callers, ProcessPoolExecutor(callers, context, _open, given)
        self.run(0)  # starts them

    def run(self, seconds: float) -> float:
        """Embed photos for ``seconds`` and return how many a second."""
        futures = [self._pool.submit(_count_here, seconds) for _ in range(self._callers)]
        return sum(photos / max(passed, 1e-9) for photos, passed in (future.result() for future in futures))

    def close(self) -> None:
        """Let go of the processes."""
        self._pool.shutdown()


_here: dict[str, Any] = {}  # what a process of ProcessCallers works with


def _open(barrier: Any, path: Path, ours: Ours, threads: int, batch_size: int) -> None:
    bundle = Bundle.open(path)
    batch, embedder = Batch(bundle.reference(), batch_size), ours.embedder(bundle, threads, batch_size)
    embedder.embed(batch.images)
    call = partial(_vectors, embedder, batch)
    _here["count"] = partial(count, call, batch.expected.embeddings, ours.precision)
    _here["ready"] = barrier.wait


def _vectors(embedder: Embedder, batch: Batch) -> Vectors:
    return embedder.embed(batch.images).vectors


def _count_here(seconds: float) -> tuple[int, float]:
    photos, passed = _here["count"](seconds, _here["ready"])
    return photos, passed


class Readers:
    """``Embedder.embed_many`` on JPEG files, read by a number of threads."""

    def __init__(self, embedder: Embedder, photos: list[bytes], batch_size: int, workers: int, precision: str) -> None:
        self._embedder, self._photos, self._precision = embedder, photos, precision
        self._options = {"batch_size": batch_size, "workers": workers}
        self._expected = embedder.embed(photos).vectors

    def run(self, seconds: float) -> float:
        """Embed photos for ``seconds``, after a first batch, and return how many a second."""
        items = self._items()
        for _ in range(self._options["batch_size"]):
            next(items)
        begin = time.perf_counter()
        photos = 0
        while (passed := time.perf_counter() - begin) < seconds:
            for _ in range(self._options["batch_size"]):
                next(items)
            photos += self._options["batch_size"]
        items.close()
        return photos / passed

    def _items(self) -> Iterator[None]:
        stream = self._embedder.embed_many(itertools.cycle(self._photos), **self._options)
        try:
            for item in stream:
                expected = self._expected[item.index % len(self._photos)]
                check_quickly(expected, item.embeddings.vectors[0], self._precision)
                yield
        finally:
            stream.close()

    def close(self) -> None:
        """Nothing to let go of."""
