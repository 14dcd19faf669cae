"""How many CPUs this process may use, which a container may limit, and what they can compute."""

import math
import os
import platform
from pathlib import Path

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_CPU_INFO = Path("/proc/cpuinfo")
_X64 = ("x86_64", "amd64")


def available_cpus(quota_file: Path = _CGROUP_QUOTA) -> int:
    """Return the number of CPUs that the process is bound to, but at most its container's quota.

    A quota (``docker run --cpus 2``) hides no CPU. It only stops threads that exceed it: with a thread for each of 64
    CPUs under a quota of 2, every inference would wait for stopped threads.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = quota_file.read_text().split()
        return max(1, min(bound, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no such file, or the word "max": no quota
        return bound


def int8_saturates(info_file: Path = _CPU_INFO) -> bool | None:
    """Tell whether sums of products of uint8 and int8 may saturate on this CPU; ``None`` if unknown.

    x64 CPUs without VNNI instructions add two such products in 16 bits.
    """
    if platform.machine().lower() not in _X64:
        return False
    flags = _x64_flags(info_file)
    return None if flags is None else not {"avx512_vnni", "avx_vnni"} & flags


def computes_bfloat16(info_file: Path = _CPU_INFO) -> bool | None:
    """Tell whether this CPU has instructions for bfloat16; ``None`` if unknown.

    Without them libraries convert every value to float32 and back, which is slower than float32 alone.
    """
    if platform.machine().lower() not in _X64:
        return None
    flags = _x64_flags(info_file)
    return None if flags is None else bool({"avx512_bf16", "amx_bf16"} & flags)


def _x64_flags(info_file: Path) -> set[str] | None:
    """Return the features of an x64 CPU that Linux lists, or ``None`` without such a file."""
    try:
        lines = info_file.read_text().splitlines()
    except OSError:
        return None
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())
