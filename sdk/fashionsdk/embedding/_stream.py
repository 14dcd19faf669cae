"""Embed a stream of photos of any length: one item for each photo, while the next photos are read."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from fashionsdk._tools.batches import batched
from fashionsdk._tools.progress import progress_bar
from fashionsdk.embedding._reading import Pixels, ReadPhoto
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import ImageError
from fashionsdk.photos import ImageSource, describe

OnError: TypeAlias = Literal["raise", "skip"]


@dataclass(frozen=True, eq=False)
class EmbeddedItem:
    """One photo of a stream: either its ``embeddings``, or the ``error`` that says why there are none.

    Attributes:
        index: its position in the stream, from 0.
        source: what the stream gave.
        embeddings: the embeddings, N = 1, or ``None``.
        error: the reason, or ``None``.
    """

    index: int
    source: ImageSource
    embeddings: Embeddings | None
    error: ImageError | None

    def __repr__(self) -> str:
        result = self.embeddings if self.error is None else self.error.reason
        return f"EmbeddedItem({self.index}, {describe(self.source)}, {result})"


def embed_stream(
    photos: Generator[ReadPhoto, None, None],
    embed: Callable[[Pixels], Embeddings],
    check_open: Callable[[], None],
    *,
    batch_size: int,
    on_error: OnError,
    progress: bool,
    total: int | None,
) -> Generator[EmbeddedItem, None, None]:
    """Yield an item for each photo, in order; see `fashionsdk.Embedder.embed_many`.

    Args:
        photos: the photos as they are read; closed at the end.
        embed: turns pixels ``(B, H, W, 3)`` into embeddings; called in the caller's thread.
        check_open: raises if the embedder is closed; called before each item.
        batch_size: B at most.
        on_error: what a photo that cannot be read does.
        progress: whether to show a progress bar.
        total: the number of photos for the bar, if it is known.
    """
    with closing(photos), progress_bar(None, "embedding", total, "photo", shown=progress) as bar:
        for batch in batched(photos, batch_size):
            for item in _embed_batch(batch, embed):
                check_open()
                if item.error is not None and on_error == "raise":
                    raise item.error
                bar.update()
                yield item


def _embed_batch(batch: Sequence[ReadPhoto], embed: Callable[[Pixels], Embeddings]) -> Iterator[EmbeddedItem]:
    pixels = [photo.pixels for photo in batch if photo.pixels is not None]
    embedded = embed(np.stack(pixels)) if pixels else None
    parts = iter([] if embedded is None else map(embedded.photo, range(len(embedded))))
    for photo in batch:
        embeddings = None if photo.pixels is None else next(parts)
        yield EmbeddedItem(photo.index, photo.source, embeddings, photo.error)
