"""The machine that a benchmark ran on, and how much of it other programs used."""

import os
import platform
import shutil
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from fashionsdk.backends import available_cpus


class OtherLoad:
    """How many cores other programs took since this was made, on average: figures of a busy machine mislead.

    They do not only add noise. PyTorch's threads wait for each other after every layer. A program that takes one of two
    cores makes PyTorch many times slower, and everything compared with it looks too good.
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
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False)
    return ", ".join(done.stdout.split("\n")).strip(", ") if done.returncode == 0 else "none"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
