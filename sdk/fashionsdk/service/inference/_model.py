"""The model that answers now, and how another takes its place while requests go on."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fashionsdk.backends import available_cpus
from fashionsdk.embedding import Embedder
from fashionsdk.embeddings import Embeddings
from fashionsdk.photos import ImageSource
from fashionsdk.service.inference._batcher import Batcher, Pixels
from fashionsdk.service.inference._photo_pool import PhotoPool


class Model:
    """An embedder with its batches.

    Args:
        embedder: the model.
        pool: reads its photos.
        size: the most photos of a batch.
        seconds: how long the first photo of a batch waits for others.
        ran: is told the photos and seconds of every batch.

    Attributes:
        embedder: the model.
        batcher: runs it.
    """

    def __init__(
        self, embedder: Embedder, pool: PhotoPool, size: int, seconds: float, ran: Callable[[int, float], None]
    ) -> None:
        self.embedder, self.ran, self._pool = embedder, ran, pool
        self.batcher = Batcher(self, size, seconds, overlap=self._overlaps)
        self._users = 0
        self._free = asyncio.Event()
        self._free.set()

    @property
    def _overlaps(self) -> bool:
        """Whether processors are free for photos while the model runs, or for the model while photos are read."""
        return self.embedder.backend.device != "cpu" or available_cpus() > self._pool.threads

    @contextmanager
    def in_use(self) -> Iterator["Model"]:
        """Keep the model open within the block."""
        self._users += 1
        self._free.clear()
        try:
            yield self
        finally:
            self._users -= 1
            if not self._users:
                self._free.set()

    async def close(self) -> None:
        """Wait for the requests that use it, then free it."""
        await self._free.wait()
        await self.batcher.close()
        await asyncio.to_thread(self.embedder.close)

    async def read(self, source: ImageSource) -> Pixels:
        """Return a photo as the model's input."""
        return await self._pool.read(self.embedder.preprocessing, source)

    def run(self, pixels: Pixels, attention: bool) -> Embeddings:
        """Run the model on a batch."""
        return self.embedder.embed(pixels, attention=attention)


class Models:
    """The model that new requests get. A request keeps the one that it began with."""

    def __init__(self, first: Model) -> None:
        self._current = first
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def current(self) -> Model:
        """The model of the requests that begin now."""
        return self._current

    def swap(self, model: Model) -> None:
        """Give later requests another model; the old one is closed when its last request is answered."""
        old, self._current = self._current, model
        task = asyncio.create_task(old.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all models."""
        await asyncio.gather(*self._closing, self._current.close())
