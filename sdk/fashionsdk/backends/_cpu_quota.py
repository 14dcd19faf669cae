"""How many CPUs' time the control groups of a process allow it, in both versions of cgroups (Linux)."""

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

# Where systemd and containers mount them: version 2 alone, version 2 beside version 1, and version 1.
_V2_MOUNTS = ("sys/fs/cgroup", "sys/fs/cgroup/unified")
_V1_MOUNTS = ("sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct")


@cache  # it hardly ever changes, and reading it takes half a millisecond where system calls are slow
def cpu_quota(root: Path = Path("/")) -> float:
    """Return the smallest quota of the process's group and the groups above it, in CPUs; infinity without one.

    A container may see the host's path of its group, and only that group mounted: what is not there is passed over, and
    the mounted folder itself is always read.

    Args:
        root: the folder that holds ``proc`` and ``sys``.
    """
    return min((quota for folder in _group_folders(root) for quota in _quotas(folder)), default=math.inf)


def _group_folders(root: Path) -> Iterator[Path]:
    """Yield the folder of the process's group, and those above it, in each hierarchy that limits CPUs."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        lines = ["0::/"]
    for line in lines:
        number, controllers, path = line.split(":", 2) if line.count(":") >= 2 else ("", "", "")
        if number == "0":
            mounts = _V2_MOUNTS
        elif "cpu" in controllers.split(","):
            mounts = _V1_MOUNTS
        else:
            continue
        parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
        for mount in mounts:
            for depth in range(len(parts), -1, -1):
                yield root.joinpath(mount, *parts[:depth])


def _quotas(folder: Path) -> Iterator[float]:
    """Yield the quota that a group sets, if it sets one."""
    try:
        quota, period = (folder / "cpu.max").read_text().split()  # version 2; the quota may be the word "max"
        yield int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        pass
    try:
        quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))  # version 1
        if int(quota) > 0:  # -1 without one
            yield int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        pass
