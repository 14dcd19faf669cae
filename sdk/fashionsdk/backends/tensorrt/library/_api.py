"""The parts of the module ``tensorrt`` that are used, for type checkers; ``tensorrt_rtx`` has the same.

With ``Any`` every call would pass. ``tests/sdk/tensorrt/test_tensorrt_stubs.py`` checks all calls with the library's
type stubs.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import tensorrt as trt


class Api(Protocol):
    """The classes and enumerations of either module."""

    Builder: "type[trt.Builder]"
    BuilderFlag: "type[trt.BuilderFlag]"
    Dims: "type[trt.Dims]"
    ExecutionContextAllocationStrategy: "type[trt.ExecutionContextAllocationStrategy]"
    ILogger: "type[trt.ILogger]"
    IProgressMonitor: "type[trt.IProgressMonitor]"
    LayerInformationFormat: "type[trt.LayerInformationFormat]"
    MemoryPoolType: "type[trt.MemoryPoolType]"
    NetworkDefinitionCreationFlag: "type[trt.NetworkDefinitionCreationFlag]"
    OnnxParser: "type[trt.OnnxParser]"
    ProfilingVerbosity: "type[trt.ProfilingVerbosity]"
    Runtime: "type[trt.Runtime]"
