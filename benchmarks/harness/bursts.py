"""The timing of calls in a row. Imports nothing of the SDK, so that it can time any version of it."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SETTLE = 0.3  # seconds of calls at the beginning that do not count
QUICK = 0.5  # seconds; a first call that takes longer counts


def burst(function: Callable[[], T], calls: int, check: Callable[[T], object] = lambda answer: None) -> list[float]:
    """Call ``function`` ``calls`` times in a row; return the milliseconds of each call.

    Calls that do not count come first, unless one takes long: caches and memory are then the function's own, as they
    are in a program that does nothing else. ``check`` gets every answer, outside the time that counts.
    """
    settled = time.perf_counter() + SETTLE
    first = _milliseconds(function, check)
    while time.perf_counter() < settled:
        _milliseconds(function, check)
    times = [first] if first > QUICK * 1e3 else []
    while len(times) < calls:
        times.append(_milliseconds(function, check))
    return times


def _milliseconds(function: Callable[[], T], check: Callable[[T], object]) -> float:
    begin = time.perf_counter()
    answer = function()
    passed = time.perf_counter() - begin
    check(answer)
    return passed * 1e3
