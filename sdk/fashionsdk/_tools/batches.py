"""Cut many rows into batches."""


def slices(count: int, size: int) -> list[slice]:
    """Return the slices that cut ``count`` rows into batches of ``size``; the last one may be smaller."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
