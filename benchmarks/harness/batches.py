"""How benchmarks cut photos into batches."""

from collections.abc import Iterator


def batches(count: int, size: int) -> Iterator[slice]:
    """Yield the slices that cut ``count`` items into batches of ``size``; the last one may be smaller."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
