"""How many CPUs this process may use, which a container may limit, and what they can compute."""

import math
import os
import platform
from pathlib import Path

from fashionsdk.backends._cpu_quota import cpu_quota

CPU_INFO = Path("/proc/cpuinfo")
_X64 = ("x86_64", "amd64")


def available_cpus(root: Path = Path("/")) -> int:
    """Return the number of CPUs that the process is bound to, but at most the quota of its container or service.

    A quota (``docker run --cpus 2``) hides no CPU. It only stops threads that exceed it: with a thread for each of 64
    CPUs under a quota of 2, every inference would wait for stopped threads. Half a CPU counts as one.

    Args:
        root: the folder that holds ``proc`` and ``sys``, which list the quotas.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota(root)
    return bound if quota >= bound else max(1, math.ceil(quota))


def int8_saturates(info_file: Path = CPU_INFO) -> bool | None:
    """Tell whether sums of products of uint8 and int8 may saturate on this CPU; ``None`` if unknown.

    x64 CPUs without VNNI instructions add two such products in 16 bits.
    """
    if platform.machine().lower() not in _X64:
        return False
    flags = x64_flags(info_file)
    return None if flags is None else not {"avx512_vnni", "avx_vnni"} & flags


def computes_bfloat16(info_file: Path = CPU_INFO) -> bool | None:
    """Tell whether this CPU has instructions for bfloat16; ``None`` if unknown.

    Without them libraries convert every value to float32 and back, which is slower than float32 alone.
    """
    if platform.machine().lower() not in _X64:
        return None
    flags = x64_flags(info_file)
    return None if flags is None else bool({"avx512_bf16", "amx_bf16"} & flags)


def x64_flags(info_file: Path) -> set[str] | None:
    """Return the features of an x64 CPU that Linux lists, or ``None`` without such a file."""
    try:
        lines = info_file.read_text().splitlines()
    except OSError:
        return None
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())
