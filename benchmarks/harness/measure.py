"""How benchmarks time things: warmed up, interleaved, checked, with percentiles and the machine's name."""

import math
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np

from fashionsdk._tools.progress import progress_bar
from fashionsdk.backends import available_cpus

T = TypeVar("T")
Burst: TypeAlias = Callable[[int], Sequence[float]]  # so many calls in a row -> milliseconds of each

LEAST_CALLS = 5  # of a function whose one call takes longer than its share of the time
MOST_CALLS = 2000  # of a very fast one: enough for a 99th percentile
WARM_UP = 0.1  # share of the time, on top of it
BURST = 10  # calls of one function in a row at least
TURN = 1.0  # seconds of such a row at least
PAUSE = 0.2  # seconds before another function's turn; ONNX Runtime's threads wait for 50 ms
SETTLE = 0.3  # seconds of calls at the beginning of a turn that do not count
QUICK = 0.5  # seconds of a call that is cheap enough for one that does not count


@dataclass(frozen=True)
class Latency:
    """Times of one call, in milliseconds."""

    p50: float
    p95: float
    p99: float
    calls: int


def burst(function: Callable[[], T], calls: int, check: Callable[[T], object] = lambda answer: None) -> list[float]:
    """Call ``function`` so often in a row; return the milliseconds of each call.

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


def measure(functions: Mapping[str, Callable[[], object]], *, warmup: int = 10, calls: int = 100) -> dict[str, Latency]:
    """Time the functions in turn, so that a machine whose speed drifts treats them alike."""
    for function in functions.values():
        for _ in range(warmup):
            function()
    bursts = {name: partial(burst, function) for name, function in functions.items()}
    return _interleave(bursts, dict.fromkeys(functions, calls))


def measure_for(bursts: Mapping[str, Burst], seconds: float) -> dict[str, Latency]:
    """Time what the bursts call for about ``seconds`` each, however fast it is, spread evenly over the whole time.

    Args:
        bursts: of each function: ``partial(burst, function)``, or one in another process.
        seconds: time for each; it is called ``LEAST_CALLS`` times at least and ``MOST_CALLS`` at most.
    """
    plan = {}
    for name in progress_bar(list(bursts), "warming up", None, "function"):
        wanted = seconds / _warm_up(bursts[name], WARM_UP * seconds)
        plan[name] = round(min(MOST_CALLS, max(LEAST_CALLS, wanted)))
    return _interleave(bursts, plan)


def _warm_up(function: Burst, seconds: float) -> float:
    """Call a function twice at least; return the shortest time of a call in seconds."""
    times = list(function(2))
    if (missing := seconds * 1e3 - sum(times)) > 0:
        times += function(math.ceil(missing / max(min(times), 1e-3)))
    return min(times) / 1e3


def _interleave(bursts: Mapping[str, Burst], plan: Mapping[str, int]) -> dict[str, Latency]:
    """Call each function as often as planned; next is always the one that is furthest behind its plan.

    Functions take turns in bursts. PyTorch's and ONNX Runtime's threads go on waiting in a loop after a call and slow
    down whoever comes next, so a turn begins with a pause.
    """
    times: dict[str, list[float]] = {name: [] for name in bursts}
    with progress_bar(None, "measuring", sum(plan.values()), "call") as bar:
        while bar.n < sum(plan.values()):
            name = min(plan, key=lambda name: len(times[name]) / plan[name])
            time.sleep(PAUSE)
            calls = max(BURST, round(TURN * 1e3 / max(times[name][-1], 1e-3))) if times[name] else BURST
            times[name] += (found := bursts[name](min(calls, plan[name] - len(times[name]))))
            bar.update(len(found))
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
        """Return seconds since some moment: on the clock, busy or stolen on all cores, and spent by this program.

        This program is its process and all that it started, directly or not.
        """
        with Path("/proc/stat").open() as file:
            user, nice, system, _idle, _wait, interrupts, soft, stolen = map(int, file.readline().split()[1:9])
        busy = (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")
        ended = os.times().children_user + os.times().children_system
        return time.perf_counter(), busy, ended + _seconds_of_descendants(os.getpid())


def _seconds_of_descendants(root: int) -> float:
    """Return the processor's seconds of a living process and of all living ones below it."""
    seconds: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            numbers = file.read_text().rpartition(") ")[2].split()  # a name may have spaces; it ends with a parenthesis
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        process, parent = int(file.parent.name), int(numbers[1])
        seconds[process] = (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")
        children.setdefault(parent, []).append(process)
    below = [root]
    for process in below:  # grows while it is gone through
        below += children.get(process, [])
    return sum(seconds.get(process, 0.0) for process in below)


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
