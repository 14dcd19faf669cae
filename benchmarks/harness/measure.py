"""How benchmarks time things: warmed up, in turn, checked, with percentiles."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from fashionsdk._tools.progress import progress_bar
from harness.bursts import burst

Measured: TypeAlias = Callable[[str, "Latency"], None]  # is told a function's name and times
Burst: TypeAlias = Callable[[int], Sequence[float]]  # number of calls in a row -> milliseconds of each

LEAST_CALLS = 5  # of a function whose one call takes longer than its share of the time
MOST_CALLS = 2000  # of a very fast one: enough for a 99th percentile
WARM_UP = 0.1  # share of the time, on top of it
BURST = 10  # calls of one function in a row at least
TURN = 1.0  # seconds of such a row at least
PAUSE = 0.2  # seconds before another function's turn; ONNX Runtime's threads wait for 50 ms


@dataclass(frozen=True)
class Latency:
    """Times of one call, in milliseconds."""

    p50: float
    p95: float
    p99: float
    calls: int


def measure(functions: Mapping[str, Callable[[], object]], *, warmup: int = 10, calls: int = 100) -> dict[str, Latency]:
    """Time the functions in turn, so that a machine whose speed drifts treats them alike."""
    for function in functions.values():
        for _ in range(warmup):
            function()
    bursts = {name: partial(burst, function) for name, function in functions.items()}
    return _interleave(bursts, dict.fromkeys(functions, calls), lambda name, times: None)


def measure_for(
    bursts: Mapping[str, Burst], seconds: float, measured: Measured = lambda name, times: None
) -> dict[str, Latency]:
    """Time functions for about ``seconds`` each, however fast they are, spread evenly over the whole time.

    Args:
        bursts: of each function: ``partial(burst, function)``, or one in another process.
        seconds: time for each; it is called ``LEAST_CALLS`` times at least and ``MOST_CALLS`` at most.
        measured: is told the times of each function, also of fewer calls if it ends early, by an interrupt or an error.
    """
    plan = {}
    for name in progress_bar(list(bursts), "warming up", None, "function"):
        calls = seconds / _warm_up(bursts[name], WARM_UP * seconds)
        plan[name] = round(min(MOST_CALLS, max(LEAST_CALLS, calls)))
    return _interleave(bursts, plan, measured)


def _warm_up(function: Burst, seconds: float) -> float:
    """Call a function twice at least; return the shortest time of a call in seconds."""
    times = list(function(2))
    if (missing := seconds * 1e3 - sum(times)) > 0:
        times += function(math.ceil(missing / max(min(times), 1e-3)))
    return min(times) / 1e3


def _interleave(bursts: Mapping[str, Burst], plan: Mapping[str, int], measured: Measured) -> dict[str, Latency]:
    """Call each function as often as planned; next is always the one that is furthest behind its plan.

    Functions take turns in bursts. PyTorch's and ONNX Runtime's threads go on waiting in a loop after a call and slow
    down whoever comes next, so a turn begins with a pause.
    """
    times: dict[str, list[float]] = {name: [] for name in bursts}
    try:
        _take_turns(bursts, plan, times)
    finally:
        for name, values in times.items():
            if values:
                measured(name, latency(values))
    return {name: latency(values) for name, values in times.items()}


def _take_turns(bursts: Mapping[str, Burst], plan: Mapping[str, int], times: Mapping[str, list[float]]) -> None:
    with progress_bar(None, "measuring", sum(plan.values()), "call") as bar:
        while bar.n < sum(plan.values()):
            name = min(plan, key=lambda name: len(times[name]) / plan[name])
            time.sleep(PAUSE)
            calls = max(BURST, round(TURN * 1e3 / max(times[name][-1], 1e-3))) if times[name] else BURST
            latest = bursts[name](min(calls, plan[name] - len(times[name])))
            times[name].extend(latest)
            bar.update(len(latest))


def latency(milliseconds: list[float]) -> Latency:
    """Return the percentiles of the times of several calls."""
    p50, p95, p99 = (round(float(value), 3) for value in np.percentile(milliseconds, (50, 95, 99)))
    return Latency(p50, p95, p99, len(milliseconds))
