"""Where a bundle's graph runs: the seam between the SDK and the inference runtimes."""

from fashionsdk.backends._base import Backend, BackendInfo
from fashionsdk.backends._choice import PRECISIONS, RUNTIMES, open_backend
from fashionsdk.backends._host import available_cpus, computes_bfloat16, int8_saturates

__all__ = [
    "PRECISIONS",
    "RUNTIMES",
    "Backend",
    "BackendInfo",
    "available_cpus",
    "computes_bfloat16",
    "int8_saturates",
    "open_backend",
]
