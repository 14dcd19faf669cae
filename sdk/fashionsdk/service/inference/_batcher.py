"""Gathers photos of many requests into batches: a batch is read in a pool of threads, then a thread runs the model."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings
from fashionsdk.photos import ImageSource

Pixels: TypeAlias = NDArray[np.uint8]
Timed: TypeAlias = Callable[[str], AbstractContextManager[None]]


class Work(Protocol):
    """What is done with batches."""

    async def read(self, source: ImageSource) -> Pixels:
        """Return a photo as the model's input, ``(H, W, 3)``."""

    def run(self, pixels: Pixels, attention: bool) -> Embeddings:
        """Return the embeddings of ``(B, H, W, 3)``; called in a thread, for one batch at a time."""

    def ran(self, photos: int, seconds: float) -> None:
        """Learn of a batch that the model has answered."""


@dataclass(eq=False)
class _Job:
    """A photo on its way; who waits for it no longer cancels both futures."""

    source: ImageSource
    attention: bool
    pixels: "asyncio.Future[Pixels]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    answer: "asyncio.Future[Embeddings]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def leave(self) -> None:
        self.pixels.cancel()
        self.answer.cancel()

    def fail(self, error: Exception) -> None:
        for future in (self.pixels, self.answer):
            if not future.done():
                future.set_exception(error)
                future.exception()  # it is known: a request waits for one of the two, or has left


class Batcher:
    """Runs a model on batches of photos that callers give one by one. For one event loop.

    A batch takes photos while the model is busy, and until ``size`` have come or the first has waited ``seconds``. What
    nobody waits for any longer is neither read nor computed.

    Args:
        work: reads photos and runs the model.
        size: the most photos of a batch.
        seconds: how long the first photo of a batch waits for others.
        overlap: whether a batch is read while the model runs another. Where both use every processor, one after the
            other is faster: the model's threads wait for each other, so one that lost its processor stops them all. On
            two processors 140 photos a second against 130.
    """

    def __init__(self, work: Work, size: int, seconds: float, *, overlap: bool) -> None:
        self._work, self._size, self._seconds, self._overlap = work, size, seconds, overlap
        self._jobs: deque[_Job] = deque()
        self._callers = 0
        self._changed = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="service-model")
        self._running: asyncio.Task[None] | None = None
        self._task = asyncio.create_task(self._serve())

    async def embed(
        self, photos: Sequence[ImageSource], *, attention: bool = False, timed: Timed = lambda stage: nullcontext()
    ) -> list[Embeddings]:
        """Return the embeddings of each photo (N = 1).

        Args:
            photos: files, or what else `fashionsdk.Embedder.embed` takes.
            attention: whether maps are wanted.
            timed: is entered for the stages ``"read"``, with the wait for a batch, and ``"embed"``.

        Raises:
            ImageError: a photo cannot be read, or a box ends outside it.
            BackendError: the model fails to run; so do the other photos of the batch, so ask for nothing that it lacks.
        """
        jobs = [_Job(photo, attention) for photo in photos]
        self._jobs += jobs
        self._callers += 1
        self._changed.set()
        try:
            with timed("read"):
                await asyncio.gather(*(job.pixels for job in jobs))
            with timed("embed"):
                return list(await asyncio.gather(*(job.answer for job in jobs)))
        finally:
            self._callers -= 1
            for job in jobs:
                job.leave()

    async def close(self) -> None:
        """Answer what waits, then end."""
        while self._callers:
            await asyncio.sleep(self._seconds)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._thread.shutdown)

    @property
    def _busy(self) -> bool:
        return self._running is not None and not self._running.done()

    async def _serve(self) -> None:
        while True:
            if not self._overlap and self._running is not None:
                await self._running
            batch = await self._read_batch()
            if self._running is not None:
                await self._running
            self._running = asyncio.create_task(self._answer([job for job in batch if not job.answer.done()]))
            self._running.add_done_callback(lambda _: self._changed.set())

    async def _read_batch(self) -> list[_Job]:
        """Take photos and read them; return them when all are read, or have failed."""
        taken = list[_Job]()
        async with asyncio.TaskGroup() as reading:
            begun = float("inf")
            while len(taken) < self._size:
                if self._jobs:
                    job = self._jobs.popleft()
                    if not job.pixels.done():
                        begun = min(begun, time.monotonic())
                        taken.append(job)
                        reading.create_task(self._read(job))
                elif not await self._another(begun + self._seconds if taken else float("inf")):
                    break
        return taken

    async def _another(self, until: float) -> bool:
        """Wait for another photo: until then, and as long as the model is busy; tell whether to go on looking."""
        self._changed.clear()
        left = until - time.monotonic()
        if left <= 0 and not self._busy:
            return False
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), left if 0 < left < float("inf") else None)
        return True

    async def _read(self, job: _Job) -> None:
        try:
            pixels = await self._work.read(job.source)
        except Exception as error:
            job.fail(error)
        else:
            if not job.pixels.done():
                job.pixels.set_result(pixels)

    async def _answer(self, batch: list[_Job]) -> None:
        if not batch:
            return
        try:
            found = await self._computed(batch)
        except Exception as error:  # whatever it is: their callers are told, and the next batch is another matter
            for job in batch:
                job.fail(error)
            return
        for job, embeddings in zip(batch, found, strict=True):
            if not job.answer.done():
                job.answer.set_result(embeddings)

    async def _computed(self, batch: list[_Job]) -> list[Embeddings]:
        pixels, attention = np.stack([job.pixels.result() for job in batch]), any(job.attention for job in batch)
        began = time.monotonic()
        found = await asyncio.get_running_loop().run_in_executor(self._thread, self._work.run, pixels, attention)
        self._work.ran(len(batch), time.monotonic() - began)
        return [found.photo(place) for place in range(len(batch))]
