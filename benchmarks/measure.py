"""How benchmarks time things: warmed up, interleaved, checked, with percentiles and the machine's name."""

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

import numpy as np

from fashionsdk.backends.cpus import available_cpus
from fashionsdk.progress import progress_bar

T = TypeVar("T")

LEAST_CALLS = 5  # of a function whose one call takes longer than its share of the time
MOST_CALLS = 2000  # of a very fast one: enough for a 99th percentile
WARM_UP = 0.1  # share of the time, on top of it
BURST = 10  # calls of one function in a row; more of a fast one, so that pauses take no more time than calls
PAUSE = 0.2  # seconds before another function's turn; ONNX Runtime's threads wait for 50 ms
QUICK = 0.5  # seconds of a call that is cheap enough for one that does not count


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
    return _interleave(functions, dict.fromkeys(functions, calls), lambda name, answer: None)


def measure_for(
    functions: Mapping[str, Callable[[], T]],
    seconds: float,
    *,
    check: Callable[[str, T], object] = lambda name, answer: None,
) -> dict[str, Latency]:
    """Time the functions for about ``seconds`` each, however fast they are, spread evenly over the whole time.

    Args:
        functions: what to call.
        seconds: time for each; it is called ``LEAST_CALLS`` times at least and ``MOST_CALLS`` at most.
        check: called with a function's name and answer after every call, outside the time that counts.
    """
    plan = {}
    for name in progress_bar(list(functions), "warming up", None, "function"):
        wanted = seconds / _warm_up(functions[name], WARM_UP * seconds)
        plan[name] = round(min(MOST_CALLS, max(LEAST_CALLS, wanted)))
    return _interleave(functions, plan, check)


def _warm_up(function: Callable[[], object], seconds: float) -> float:
    """Call a function twice at least; return the shortest time of a call in seconds."""
    times: list[float] = []
    while len(times) < 2 or sum(times) < seconds:
        begin = time.perf_counter()
        function()
        times.append(time.perf_counter() - begin)
    return min(times)


def _interleave(
    functions: Mapping[str, Callable[[], T]], plan: Mapping[str, int], check: Callable[[str, T], object]
) -> dict[str, Latency]:
    """Call each function as often as planned; next is always the one that is furthest behind its plan.

    Functions take turns in bursts. PyTorch's and ONNX Runtime's threads go on waiting in a loop after a call and slow
    down whoever comes next, so a turn begins with a pause, and with a call that does not count: the caches are then
    the function's own, as they are in a program that does nothing else.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    with progress_bar(None, "measuring", sum(plan.values()), "call") as bar:
        while bar.n < sum(plan.values()):
            name = min(plan, key=lambda name: len(times[name]) / plan[name])
            time.sleep(PAUSE)
            if not times[name] or times[name][-1] < QUICK * 1e3:
                functions[name]()
            burst = max(BURST, round(PAUSE * 1e3 / max(times[name][-1], 1e-3))) if times[name] else BURST
            for _ in range(min(burst, plan[name] - len(times[name]))):
                begin = time.perf_counter()
                answer = functions[name]()
                times[name].append((time.perf_counter() - begin) * 1e3)
                check(name, answer)
                bar.update()
    return {name: latency(values) for name, values in times.items()}


def latency(milliseconds: list[float]) -> Latency:
    """Return the percentiles of the times of several calls."""
    p50, p95, p99 = (round(float(value), 3) for value in np.percentile(milliseconds, (50, 95, 99)))
    return Latency(p50, p95, p99, len(milliseconds))


class Others:
    """How many cores other programs took since this was made, on average: figures of a busy machine mislead.

    They do not only add noise. PyTorch's threads wait for each other after every layer, so a program that takes one of
    two cores makes it many times slower, and whatever is compared with it looks too good.
    """

    def __init__(self) -> None:
        self._begin = self._read()

    def cores(self) -> float:
        """Return the number of cores."""
        wall, busy, own = (now - then for now, then in zip(self._read(), self._begin, strict=True))
        return round(max(0.0, busy - own) / max(wall, 1e-9), 2)

    @staticmethod
    def _read() -> tuple[float, float, float]:
        """Return seconds since some moment: on the clock, busy or stolen on all cores, and spent by this program."""
        with Path("/proc/stat").open() as file:
            user, nice, system, _idle, _wait, interrupts, soft, stolen = map(int, file.readline().split()[1:9])
        busy = (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")
        return time.perf_counter(), busy, sum(os.times()[:4])


def machine(*packages: str) -> dict[str, str | int]:
    """Return the machine and the versions of ``packages``."""
    return {
        "processor": _processor(),
        "cores": available_cpus(),
        "gpu": _gpu(),
        "python": platform.python_version(),
        **{name: _version(name) for name in packages},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _gpu() -> str:
    """Return the names of the CUDA devices, or ``"none"``."""
    if (program := shutil.which("nvidia-smi")) is None:
        return "none"
    command = [program, "--query-gpu=name", "--format=csv,noheader"]
    found = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False)
    return ", ".join(found.stdout.split("\n")).strip(", ") if found.returncode == 0 else "none"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
