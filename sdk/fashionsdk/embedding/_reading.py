"""Read many photos: from sources to the model's input, in order, in threads, a bounded number ahead."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import batched, next_or_end, slices
from fashionsdk.backends import available_cpus
from fashionsdk.errors import ImageError
from fashionsdk.photos import ImageSource, Preprocessing, shows_one_of_several

T = TypeVar("T")
R = TypeVar("R")
Pixels: TypeAlias = NDArray[np.uint8]

# With more decoders than this, the disk or the inference is what they wait for.
MAX_WORKERS = 8


@dataclass(frozen=True, eq=False)
class ReadPhoto:
    """One photo of many: either its ``pixels``, uint8 ``(H, W, 3)``, or the ``error`` that says why there are none."""

    index: int
    source: ImageSource
    pixels: Pixels | None
    error: ImageError | None


Drawn: TypeAlias = ReadPhoto | tuple[int, ImageSource]


def read_batches(
    sources: Sequence[ImageSource] | Pixels, preprocessing: Preprocessing, batch_size: int
) -> Generator[Pixels, None, None]:
    """Yield the pixels of a sequence of photos in order, uint8 ``(B, H, W, 3)``, B at most ``batch_size``.

    An array of the input's size is sliced, not copied. A single photo, and a list that begins with one, are read
    in the caller's thread.

    Raises:
        ImageError: a photo cannot be read: the first in order. It says which, if there are several.
        TypeError, ValueError: as `fashionsdk.photos.open_photo`.
    """
    if isinstance(sources, np.ndarray) and _is_ready(sources, preprocessing):
        for batch in slices(len(sources), batch_size):
            yield np.ascontiguousarray(sources[batch])
    elif len(sources) == 1:
        yield _read(preprocessing, sources[0])[np.newaxis]
    elif len(sources) > 1:
        here = _is_ready(sources[0], preprocessing)
        with closing((_read_here if here else read_photos)(sources, preprocessing, batch_size)) as photos:
            for group in batched(photos, batch_size):
                yield np.stack([_pixels(photo) for photo in group])


def read_photos(
    sources: Iterable[ImageSource], preprocessing: Preprocessing, batch_size: int, workers: int | None = None
) -> Generator[ReadPhoto, None, None]:
    """Yield every photo of a stream in order; at most ``batch_size + workers`` are drawn ahead of the one yielded.

    Args:
        sources: the photos; drawn in the caller's thread, where Pillow images of several frames are read too.
        preprocessing: from a photo to the model's input.
        batch_size: how many the caller takes at a time.
        workers: threads that read; ``None`` for one a CPU, up to ``MAX_WORKERS``.

    Raises:
        TypeError, ValueError: as `fashionsdk.photos.open_photo`; the message says which photo.
    """
    workers = min(available_cpus(), MAX_WORKERS) if workers is None else workers
    return map_ordered(
        partial(_read_drawn, preprocessing),
        _draw(preprocessing, enumerate(sources)),
        workers=workers,
        ahead=batch_size + workers,
    )


def _draw(preprocessing: Preprocessing, sources: Iterable[tuple[int, ImageSource]]) -> Iterator[Drawn]:
    """Yield photos to read, and those read already: before their owner turns to the next frame."""
    for numbered in sources:
        yield _read_numbered(preprocessing, numbered) if shows_one_of_several(numbered[1]) else numbered


def _read_drawn(preprocessing: Preprocessing, drawn: Drawn) -> ReadPhoto:
    return drawn if isinstance(drawn, ReadPhoto) else _read_numbered(preprocessing, drawn)


def _read_here(
    sources: Iterable[ImageSource], preprocessing: Preprocessing, batch_size: int
) -> Generator[ReadPhoto, None, None]:
    """Do as `read_photos`, without threads."""
    yield from map(partial(_read_numbered, preprocessing), enumerate(sources))


def _read_numbered(preprocessing: Preprocessing, numbered: tuple[int, ImageSource]) -> ReadPhoto:
    index, source = numbered
    try:
        return ReadPhoto(index, source, _read(preprocessing, source), None)
    except ImageError as error:
        named = ImageError(f"image {index}, {error.source}", error.reason)
        named.__cause__ = error
        return ReadPhoto(index, source, None, named)
    except (TypeError, ValueError) as error:
        raise type(error)(f"image {index}: {error}") from error


def _read(preprocessing: Preprocessing, source: ImageSource) -> Pixels:
    if isinstance(source, np.ndarray) and source.ndim == 3 and _is_ready(source, preprocessing):
        return source
    return preprocessing.read(source)


def _is_ready(source: object, preprocessing: Preprocessing) -> bool:
    """Tell whether this is the model's input already, one image or a batch."""
    if not isinstance(source, np.ndarray):
        return False
    return bool(source.dtype == np.uint8 and source.shape[-3:] == preprocessing.shape)


def _pixels(photo: ReadPhoto) -> Pixels:
    if photo.pixels is None:
        assert photo.error is not None
        raise photo.error
    return photo.pixels


def map_ordered(
    function: Callable[[T], R], items: Iterable[T], *, workers: int, ahead: int
) -> Generator[R, None, None]:
    """Yield ``function(item)`` for each item, computed in threads, in the order of the items.

    The items are drawn in the caller's thread, so they may come from a generator. At most ``ahead`` of them are drawn
    before their results are taken. While the caller works on a result, the threads go on with the items drawn.

    An exception of the function or of the items comes at its turn, after the results before it. When the generator
    ends, fails or is closed, it waits for the calls that have begun and drops the others; no thread stays.

    Raises:
        ValueError: ``workers`` or ``ahead`` is below 1, or the generator goes on in a fork of the process it began in.
    """
    if workers < 1 or ahead < 1:
        raise ValueError(f"workers is {workers} and ahead is {ahead}; expected 1 or more of each")
    return _map_ordered(function, iter(items), workers, ahead)


def _map_ordered(function: Callable[[T], R], items: Iterator[T], workers: int, ahead: int) -> Generator[R, None, None]:
    pending: deque[Future[R]] = deque()
    end: Exception | None = None
    process = os.getpid()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="fashionsdk")
    try:
        while True:
            while end is None and len(pending) < ahead:
                item, end = next_or_end(items)
                if end is None:
                    pending.append(pool.submit(function, item[0]))
            if not pending:
                break
            if os.getpid() != process:  # the threads that would compute the result are the parent's
                raise ValueError("this stream was begun before the process was forked; begin one in each process")
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    if end is not None and not isinstance(end, StopIteration):
        raise end
