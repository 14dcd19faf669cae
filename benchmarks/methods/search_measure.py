"""One way to search, built and asked in this process, and what it took."""

import ctypes
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from methods.search_ways import Data, K, Rows, Vectors, Way, ways


def measure_way(name: str, folder: str, size: int, attributes: int, dimension: int, seconds: float) -> dict[str, Any]:
    """Build and ask one way, in this process; return its row of the table, times in milliseconds, memory in MB."""
    base, data = _memory(), Data.make(size, attributes, dimension)
    names = list(data.vectors)
    one = slice(0, 1)
    questions: dict[str, tuple[Vectors, bool]] = {
        "one": (data.weighted(names[:1], one), False),
        "filter": (data.weighted(names[:1], one), True),
        "three": (data.weighted(names[:3], one), False),
        "64": (data.weighted(names[:1], slice(0, 64)), False),
    }
    truth = {
        question: data.nearest(data.weighted(list(asked), slice(0, 64)), cheap=cheap)
        for question, (asked, cheap) in questions.items()
    }
    way = ways(Path(folder))[name]()
    begin = time.perf_counter()
    way.build(data)
    built, begin = time.perf_counter() - begin, time.perf_counter()
    way.open()
    row: dict[str, Any] = {"way": name, "items": size, "build_s": round(built, 2)}
    row["open_ms"] = round(1e3 * (time.perf_counter() - begin), 2)
    for question, (asked, cheap) in questions.items():
        row |= _ask(way, question, asked, cheap, truth[question], data, seconds)
    del data  # what the way does not hold itself is not its memory
    ctypes.CDLL(None).malloc_trim(0)  # nor what the allocator keeps for later
    row["memory_mb"] = round(_memory() - base)
    row["disk_mb"] = round(way.disk() / 1e6)
    return row


def _ask(
    way: Way, question: str, asked: Vectors, cheap: bool, truth: Rows, data: Data, seconds: float
) -> dict[str, Any]:
    whole = data.weighted(list(asked), slice(0, 64))
    if (found := way.search(whole, cheap)) is None:
        return dict.fromkeys([f"{question}_{name}" for name in ("p50", "p99", "cpu", "recall")])
    right = np.mean([len(set(mine) & set(true)) / K for mine, true in zip(found.tolist(), truth.tolist(), strict=True)])
    times, busy, end = list[float](), list[float](), time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        begin, used = time.perf_counter(), time.thread_time()
        way.search(asked, cheap)
        times.append(1e3 * (time.perf_counter() - begin))
        busy.append(1e3 * (time.thread_time() - used))
    p50, p99 = np.percentile(times, (50, 99))
    return {
        f"{question}_p50": round(float(p50), 3),
        f"{question}_p99": round(float(p99), 3),
        f"{question}_cpu": round(float(np.median(busy)), 3),
        f"{question}_recall": round(float(right), 4),
    }


def _memory() -> float:
    """Return this process's own memory in MB: mapped files are left out, which the system may drop at any time."""
    with open("/proc/self/statm") as file:
        _, resident, shared, *_ = map(int, file.read().split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE") / 1e6
