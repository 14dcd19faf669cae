"""How benchmarks time things: warmed up, interleaved, with percentiles and the machine's name."""

import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np


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
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(calls):
        for name, function in functions.items():
            begin = time.perf_counter()
            function()
            times[name].append((time.perf_counter() - begin) * 1e3)
    return {name: _latency(values) for name, values in times.items()}


def _latency(milliseconds: list[float]) -> Latency:
    p50, p95, p99 = (round(float(value), 3) for value in np.percentile(milliseconds, (50, 95, 99)))
    return Latency(p50, p95, p99, len(milliseconds))


def machine(*packages: str) -> dict[str, str | int]:
    """Return the machine and the versions of ``packages``."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
