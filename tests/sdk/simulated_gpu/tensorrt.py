"""``tensorrt`` and ``tensorrt_rtx`` over a simulated device: engines that compute a function of the pixels."""

import json
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.sdk.simulated_gpu.contexts import SCRATCH, USER_MANAGED, VERSION, Context, Settings
from tests.sdk.simulated_gpu.cuda import Cuda

Answers = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], ...]]


def engine_data(batches: tuple[int, int, int], **more: Any) -> bytes:
    """Return an engine's file.

    Args:
        batches: the smallest, best and largest batch.
        more: ``warning`` is said while it is loaded; with ``loops``, it cannot be recorded.
    """
    return json.dumps({"batches": batches, **more}).encode()


class TensorRt:
    """A library.

    Args:
        cuda: the device.
        shapes: each tensor's shape without the batch.
        answers: what engines compute.
    """

    def __init__(self, cuda: Cuda, shapes: dict[str, tuple[int, ...]], answers: Answers) -> None:
        self.cuda = cuda
        self.shapes = shapes
        self.answers = answers
        self.compiled = 0  # kernels, by TensorRT for RTX
        self.logger: Any = None

    def module(self) -> ModuleType:
        """Return what to put in place of the library."""
        severities = SimpleNamespace(INTERNAL_ERROR=0, ERROR=1, WARNING=2, INFO=3, VERBOSE=4)
        module = ModuleType("tensorrt")
        module.__dict__.update(
            __version__=VERSION,
            ILogger=type("ILogger", (), {"Severity": severities}),
            Runtime=self._runtime,
            ExecutionContextAllocationStrategy=SimpleNamespace(USER_MANAGED=USER_MANAGED),
            CudaGraphStrategy=SimpleNamespace(WHOLE_GRAPH_CAPTURE="whole graph"),
        )
        return module

    def rejects(self, call: str) -> bool:
        """Count a call, and tell whether the library rejects it; then it logs an error."""
        fails: bool = self.cuda.step(call)
        if fails:
            self.logger.log(1, f"{call} failed: a test")
        return fails

    def _runtime(self, logger: Any) -> "Runtime":
        self.logger = logger
        if self.rejects("Runtime"):
            raise TypeError("pybind11::init(): factory function returned nullptr")
        return Runtime(self)


class Runtime:
    def __init__(self, library: TensorRt) -> None:
        self._library = library

    def deserialize_cuda_engine(self, data: bytes) -> "Engine | None":
        if self._library.rejects("deserialize_cuda_engine"):
            return None
        return Engine(self._library, json.loads(data))


class Engine:
    def __init__(self, library: TensorRt, settings: dict[str, Any]) -> None:
        self.library = library
        self.batches: list[int] = settings["batches"]
        self.loops = "loops" in settings
        self._names = list(library.shapes)
        self.num_io_tensors = len(self._names)
        self.device_memory_size_v2 = SCRATCH
        library.cuda.add("engine")
        if "warning" in settings:
            library.logger.log(2, settings["warning"])

    def __del__(self) -> None:
        self.library.cuda.drop("engine")

    def get_tensor_name(self, index: int) -> str:
        return self._names[index]

    def get_tensor_dtype(self, name: str) -> Any:
        return SimpleNamespace(name="UINT8" if name == "images" else "FLOAT")

    def get_tensor_shape(self, name: str) -> list[int]:
        return [-1, *self.library.shapes[name]]

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[list[int]]:
        assert profile == 0
        return [[count, *self.library.shapes[name]] for count in self.batches]

    def create_execution_context(self, settings: Any) -> "Context | None":
        if self.library.rejects("create_execution_context"):
            return None
        return Context(self, None if settings == USER_MANAGED else settings)

    def create_runtime_config(self) -> "Settings | None":
        return None if self.library.rejects("create_runtime_config") else Settings(self.library)
