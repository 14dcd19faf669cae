"""The CPUs that machine code runs on: a level of x86-64 and single features, such as ``"x86-64-v4+avx512bf16"``."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from fashionsdk.backends._host import CPU_INFO, x64_flags

_V3 = frozenset({"abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"})
_V4 = _V3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}

# The levels of x86-64's ABI that compilers build for, the highest first; v2 and before have no AVX2. The features are
# spelled as in /proc/cpuinfo: abm holds lzcnt.
LEVELS: Mapping[str, frozenset[str]] = {"x86-64-v4": _V4, "x86-64-v3": _V3}


def architecture(features: Iterable[str], info_file: Path = CPU_INFO) -> str | None:
    """Return what code for this CPU may use: its level, and of ``features`` those beyond it; ``None`` below v3.

    Args:
        features: names of features, such as ``"avx512bf16"``; with or without ``_`` and ``-``.
        info_file: where Linux lists a CPU's features.
    """
    level = next((name for name in LEVELS if not missing_features(name, info_file)), None)
    if level is None:
        return None
    return "+".join([level, *sorted({_plain(name) for name in features} - LEVELS[level])])


def missing_features(architecture: str, info_file: Path = CPU_INFO) -> list[str]:
    """Return the features of an architecture that this CPU lacks, or is not known to have."""
    level, *features = architecture.split("+")
    if level not in LEVELS:
        return [level]
    has = {_plain(name) for name in x64_flags(info_file) or ()}
    return sorted((LEVELS[level] | set(features)) - has)


def _plain(name: str) -> str:
    """Return a feature's name without what compilers and Linux write differently: ``avx512-bf16``, ``avx512_bf16``."""
    return name.replace("_", "").replace("-", "")
