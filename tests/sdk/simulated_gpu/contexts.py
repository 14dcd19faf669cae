"""Execution contexts over a simulated device."""

import json
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.sdk.simulated_gpu.cuda import GARBAGE, Range, Work

VERSION = "10.99.0.1"
SCRATCH = 4096
USER_MANAGED = "user managed"


class Settings:
    """``IRuntimeConfig`` of TensorRT for RTX."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self.cuda_graph_strategy = ""
        self.cache: Callable[[], Cache | None] = lambda: None

    def create_runtime_cache(self) -> "Cache | None":
        return None if self._library.rejects("create_runtime_cache") else Cache(self._library)

    def set_execution_context_allocation_strategy(self, strategy: str) -> None:
        assert strategy == USER_MANAGED

    def set_runtime_cache(self, cache: "Cache") -> bool:
        self.cache = weakref.ref(cache)  # the library's own does not keep it either
        return True


class Cache:
    """``IRuntimeCache`` of TensorRT for RTX."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self.kernels: set[str] = set()

    def compile(self, kernel: str) -> None:
        self._library.compiled += kernel not in self.kernels
        self.kernels.add(kernel)

    def serialize(self) -> bytes | None:
        return None if self._library.rejects("serialize") else json.dumps([VERSION, *sorted(self.kernels)]).encode()

    def deserialize(self, data: bytes) -> bool:
        if self._library.rejects("deserialize") or not data.startswith(f'["{VERSION}"'.encode()):
            return False
        self.kernels.update(json.loads(data)[1:])
        return True


class Context:
    """An execution context without memory of its own."""

    def __init__(self, engine: Any, settings: Settings | None) -> None:
        self._engine, self._settings = engine, settings
        self._library, self._cuda = engine.library, engine.library.cuda
        self._addresses: dict[str, int] = {}
        self._scratch: Range | None = None
        self._size = 0
        self._changes = 0
        self._profile = self._ran = False
        self._cuda.add("execution context")
        self._compile("engine")

    def __del__(self) -> None:
        self._cuda.drop("execution context")

    def set_device_memory(self, address: int, size: int) -> None:
        self._cuda.rule(size >= SCRATCH, "too little scratch memory")
        self._cuda.view(address, size)
        self._scratch = (address, address + size)

    def set_optimization_profile_async(self, profile: int, stream: int) -> bool:
        assert profile == 0
        if self._library.rejects("set_optimization_profile_async"):
            return False
        self._cuda.put(self._cuda.queues[stream], Work(lambda: setattr(self, "_profile", True), []))
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self._cuda.rule(self._profile, "a shape before the profile is in place")
        self._changes, self._ran = self._changes + 1, False
        smallest, _, largest = self._engine.batches
        if self._library.rejects("set_input_shape") or not smallest <= shape[0] <= largest:
            return False
        self._cuda.rule(shape[1:] == self._library.shapes[name], "a shape that is not the engine's")
        self._size = shape[0]
        return True

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._changes += 1
        self._addresses[name] = address
        return not self._library.rejects("set_tensor_address")

    def get_tensor_shape(self, name: str) -> list[int]:
        return [self._size, *self._library.shapes[name]]

    def execute_async_v3(self, stream: int) -> bool:
        cuda, queue = self._cuda, self._cuda.queues[stream]
        cuda.rule(self._size > 0, "a run before the shape is set")
        cuda.rule(self._scratch is not None, "a run without scratch memory")
        cuda.rule(self._addresses.keys() == self._library.shapes.keys(), "a run without all tensors")
        rejected = self._library.rejects("execute_async_v3")
        if queue.recording is not None:
            cuda.rule(self._settings is None, "a recording by us of what TensorRT for RTX records")
            cuda.rule(self._ran, "a recording of the first run, which does what cannot be recorded")
            queue.spoilt |= self._engine.loops
        if queue.spoilt:
            self._library.logger.log(1, "loops cannot be recorded")
        if rejected or queue.spoilt:
            return False
        self._compile(f"batch of {self._size}")
        itself, changes = weakref.ref(self), self._changes

        def run() -> None:
            context = itself()
            cuda.rule(context is not None, "an execution context is gone while it is needed")
            assert context is not None
            cuda.rule(context._changes == changes, "an execution context has changed since it was put on the stream")
            context._compute()

        cuda.put(queue, Work(run, [self._scratch or (0, 0), *map(self._range, self._addresses)]))
        self._ran = True
        return True

    def _compute(self) -> None:
        low, high = self._scratch or (0, 0)
        self._cuda.view(low, high - low)[:] = GARBAGE
        images = self._tensor("images").reshape(self._size, *self._library.shapes["images"])
        for name, values in zip(("embeddings", "attention"), self._library.answers(images), strict=True):
            self._tensor(name)[:] = values.reshape(-1).view(np.uint8)

    def _tensor(self, name: str) -> NDArray[np.uint8]:
        low, high = self._range(name)
        view: NDArray[np.uint8] = self._cuda.view(low, high - low)
        return view

    def _range(self, name: str) -> Range:
        size = self._size * int(np.prod(self._library.shapes[name])) * (1 if name == "images" else 4)
        return self._addresses[name], self._addresses[name] + size

    def _compile(self, kernel: str) -> None:
        if self._settings is not None:
            cache = self._settings.cache()
            self._cuda.rule(cache is not None, "the cache of kernels is gone while it is needed")
            assert cache is not None
            cache.compile(kernel)
