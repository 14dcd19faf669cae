"""Where a bundle's graph runs: one record and one folder per runtime, and the choice between them."""

from fashionsdk.backends._backend import Backend, BackendInfo
from fashionsdk.backends._choice import MAX_THREADS, open_backend
from fashionsdk.backends._graph_file import checked_graph, source_precision
from fashionsdk.backends._host import available_cpus, computes_bfloat16, int8_saturates
from fashionsdk.backends._registry import (
    DEVICES,
    ENGINE_RUNTIMES,
    PRECISIONS,
    RUNTIMES,
    DeviceKind,
    EngineBuild,
    Runtime,
    engine_build,
)
from fashionsdk.backends._shared_resource import SharedResource

__all__ = [
    "DEVICES",
    "ENGINE_RUNTIMES",
    "MAX_THREADS",
    "PRECISIONS",
    "RUNTIMES",
    "Backend",
    "BackendInfo",
    "DeviceKind",
    "EngineBuild",
    "Runtime",
    "SharedResource",
    "available_cpus",
    "checked_graph",
    "computes_bfloat16",
    "engine_build",
    "int8_saturates",
    "open_backend",
    "source_precision",
]
