"""Map a function over a stream in threads: in order, and never far ahead of whoever consumes the results."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_ordered(
    function: Callable[[T], R], items: Iterable[T], *, workers: int, ahead: int
) -> Generator[R, None, None]:
    """Yield ``function(item)`` for each item, in the order of the items.

    The items are drawn in the caller's thread, so they may come from a generator, at most ``ahead`` of them before
    their results are taken. While the caller works on a result, the workers go on with the items drawn.

    An exception of the function or of the items comes at its turn, after the results before it. When the iterator
    ends, fails or is closed, the calls that have begun are waited for, the others are dropped, no thread stays.

    Raises:
        ValueError: ``workers`` or ``ahead`` is below 1.
    """
    if workers < 1 or ahead < 1:
        raise ValueError(f"workers is {workers} and ahead is {ahead}; expected 1 or more of each")
    return _map_ordered(function, iter(items), workers, ahead)


def _map_ordered(function: Callable[[T], R], items: Iterator[T], workers: int, ahead: int) -> Generator[R, None, None]:
    pending: deque[Future[R]] = deque()
    end: Exception | None = None
    pool = ThreadPoolExecutor(workers, thread_name_prefix="fashionsdk")
    try:
        while True:
            while end is None and len(pending) < ahead:
                item, end = _next(items)
                if end is None:
                    pending.append(pool.submit(function, item[0]))
            if not pending:
                break
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    if end is not None and not isinstance(end, StopIteration):
        raise end


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of ``size``; if they fail, first those before the failure, then the exception."""
    iterator = iter(items)
    end: Exception | None = None
    while end is None:
        batch: list[T] = []
        while end is None and len(batch) < size:
            item, end = _next(iterator)
            batch += item
        if batch:
            yield batch
    if not isinstance(end, StopIteration):
        raise end


def _next(items: Iterator[T]) -> tuple[list[T], Exception | None]:
    """Return the next item in a list, or an empty list and why there is none."""
    try:
        return [next(items)], None
    except Exception as error:
        return [], error
