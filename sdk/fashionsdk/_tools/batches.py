"""Cut many rows into batches."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def slices(count: int, size: int) -> list[slice]:
    """Return the slices that cut ``count`` rows into batches of ``size``; the last one may be smaller."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of ``size``; if they fail, first those before the failure, then the exception."""
    iterator = iter(items)
    end: Exception | None = None
    while end is None:
        batch: list[T] = []
        while end is None and len(batch) < size:
            item, end = next_or_end(iterator)
            batch += item
        if batch:
            yield batch
    if not isinstance(end, StopIteration):
        raise end


def next_or_end(items: Iterator[T]) -> tuple[list[T], Exception | None]:
    """Return the next item in a list, or an empty list and why there is none."""
    try:
        return [next(items)], None
    except Exception as error:
        return [], error
