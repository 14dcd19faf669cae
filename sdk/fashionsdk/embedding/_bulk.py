"""Embed a stream of photos of any length: reading in threads, inference in the caller's, one item for each photo."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence, Sized
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.ordered_map import batched, map_ordered
from fashionsdk._tools.progress import progress_bar
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import ImageError
from fashionsdk.photos import ImageSource

Pixels: TypeAlias = NDArray[np.uint8]
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


@dataclass(frozen=True, eq=False)
class _Photo:
    index: int
    source: ImageSource
    pixels: Pixels | None
    error: ImageError | None


def embed_stream(
    sources: Iterable[ImageSource],
    read: Callable[[ImageSource, int], Pixels],
    embed: Callable[[Pixels], Embeddings],
    *,
    batch_size: int,
    workers: int,
    on_error: OnError,
    progress: bool,
    total: int | None,
) -> Iterator[EmbeddedItem]:
    """Yield an item for each source, in order; see :meth:`fashionsdk.embedding._embedder.Embedder.embed_many`.

    Args:
        sources: the photos.
        read: turns a source, and its position, into pixels ``(S, S, 3)``; called in threads.
        embed: turns pixels ``(B, S, S, 3)`` into embeddings; called in the caller's thread.
        batch_size: B at most.
        workers: the number of threads.
        on_error: what an :class:`ImageError` of ``read`` does.
        progress: whether to show a progress bar.
        total: the number of photos for the bar, where the sources do not know it.
    """
    if batch_size < 1 or workers < 1:
        raise ValueError(f"batch_size is {batch_size} and workers is {workers}; expected 1 or more of each")
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error is {on_error!r}; expected 'raise' or 'skip'")
    if isinstance(sources, (str, bytes)) or (isinstance(sources, np.ndarray) and sources.ndim != 4):
        raise TypeError("sources is a single image; expected an iterable of images, or use embed")
    if total is None and isinstance(sources, Sized):
        total = len(sources)
    photos = map_ordered(partial(_try_read, read), enumerate(sources), workers=workers, ahead=batch_size + workers)
    return _items(photos, embed, batch_size, on_error, progress, total)


def _try_read(read: Callable[[ImageSource, int], Pixels], numbered: tuple[int, ImageSource]) -> _Photo:
    index, source = numbered
    try:
        return _Photo(index, source, read(source, index), None)
    except ImageError as error:
        return _Photo(index, source, None, error)


def _items(
    photos: Generator[_Photo, None, None],
    embed: Callable[[Pixels], Embeddings],
    batch_size: int,
    on_error: OnError,
    progress: bool,
    total: int | None,
) -> Iterator[EmbeddedItem]:
    with closing(photos), progress_bar(None, "embedding", total, "photo", shown=progress) as bar:
        for batch in batched(photos, batch_size):
            for item in _embed_batch(batch, embed):
                if item.error is not None and on_error == "raise":
                    raise item.error
                bar.update()
                yield item


def _embed_batch(batch: Sequence[_Photo], embed: Callable[[Pixels], Embeddings]) -> Iterator[EmbeddedItem]:
    readable = [photo.pixels for photo in batch if photo.pixels is not None]
    parts = iter(_split(embed(np.stack(readable)))) if readable else iter(())
    for photo in batch:
        embeddings = None if photo.pixels is None else next(parts)
        yield EmbeddedItem(photo.index, photo.source, embeddings, photo.error)


def _split(embeddings: Embeddings) -> Iterator[Embeddings]:
    """Yield one image's embeddings at a time, copied: a view would keep the whole batch in memory."""
    for i in range(len(embeddings)):
        attention = None if embeddings.attention is None else embeddings.attention[i : i + 1].copy()
        yield Embeddings(embeddings.vectors[i : i + 1].copy(), embeddings.attributes, embeddings.model, attention)
