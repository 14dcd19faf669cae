"""What a gallery in a folder bears: durable writes a second, and searches beside a process that writes."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from fashionsdk import Embeddings, Matcher
from methods.search_ways import Data, K

BATCH = 500  # items of one write, where only writing is measured
BESIDE = 50  # items of one write, beside searches
PER_SECOND = 1000  # items written beside searches

WRITER = """
import sys, time
sys.path[:0] = {path!r}
import numpy as np
from methods.search_load import write_for_ever
write_for_ever(sys.argv[1])
"""


def writes_per_second(address: str, seconds: float) -> float:
    """Return how many items with new vectors are on disk a second, in batches of ``BATCH``."""
    with Matcher.open(address) as matcher:
        vectors, count = _vectors(matcher, BATCH), len(matcher)
        rng, written, begin = np.random.default_rng(1), 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            _write(matcher, vectors, rng.integers(0, count, BATCH))
            written += BATCH
        return written / (time.perf_counter() - begin)


def beside_writes(address: str, data: Data, seconds: float) -> dict[str, Any]:
    """Return the times of searches, in milliseconds, in quiet and beside ``PER_SECOND`` updates of another process."""
    with Matcher.open(address) as matcher:
        quiet = _searches(matcher, data, seconds)
        program = WRITER.format(path=sys.path)
        writer = subprocess.Popen([sys.executable, "-c", program, address], stdout=subprocess.PIPE)
        try:
            assert writer.stdout is not None, "opened as a pipe"
            writer.stdout.readline()
            busy = _searches(matcher, data, seconds)
        finally:
            writer.kill()
            writer.communicate()
    names = ("p50", "p99")
    return {
        **{f"quiet_{name}": value for name, value in zip(names, quiet, strict=True)},
        **{f"beside_{name}": value for name, value in zip(names, busy, strict=True)},
    }


def write_for_ever(address: str) -> None:
    """Write ``PER_SECOND`` items a second until the process is killed; say when it begins."""
    with Matcher.open(address) as matcher:
        vectors, count, rng = _vectors(matcher, BESIDE), len(matcher), np.random.default_rng(2)
        print("begin", flush=True)
        due = time.perf_counter()
        while True:
            _write(matcher, vectors, rng.integers(0, count, BESIDE))
            due += BESIDE / PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))


def _vectors(matcher: Matcher, count: int) -> Embeddings:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((count, len(matcher.attributes), matcher.dimension), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return Embeddings(vectors, matcher.attributes, matcher.model)


def _write(matcher: Matcher, vectors: Embeddings, rows: "np.ndarray[Any, np.dtype[np.int64]]") -> None:
    keys = [str(row) for row in dict.fromkeys(rows.tolist())]
    chosen = Embeddings(vectors.vectors[: len(keys)], vectors.attributes, vectors.model)
    matcher.add(keys, chosen, [{"price": 50}] * len(keys), replace=True)


def _searches(matcher: Matcher, data: Data, seconds: float) -> tuple[float, float]:
    name = next(iter(data.vectors))
    photos = Embeddings(data.queries[name][:, None], (name,), matcher.model)
    times, end, number = list[float](), time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        photo = Embeddings(photos.vectors[[number % len(photos)]], (name,), matcher.model)
        begin = time.perf_counter()
        matcher.search(photo, k=K)
        times.append(1e3 * (time.perf_counter() - begin))
        number += 1
    p50, p99 = np.percentile(times, (50, 99))
    return round(float(p50), 2), round(float(p99), 2)


def folder_of(folder: str, way: str) -> str:
    """Return the address of a folder that a way of `methods.search_ways` has built."""
    return f"{Path(folder)}/{way.rpartition(' ')[2]}/"
