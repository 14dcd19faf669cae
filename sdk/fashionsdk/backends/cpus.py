"""How many CPUs this process may use, which in a container is fewer than the machine has."""

import math
import os
from pathlib import Path

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def available_cpus(quota_file: Path = _CGROUP_QUOTA) -> int:
    """Return the number of CPUs: those the process is bound to, and no more than its container's quota.

    A quota (``docker run --cpus 2``) hides no CPU, it only stops threads that overdraw it; with a thread for each
    of 64 CPUs under a quota of 2, every inference would wait for the stopped ones.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = quota_file.read_text().split()
        return max(1, min(bound, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or the word "max": no quota
        return bound
