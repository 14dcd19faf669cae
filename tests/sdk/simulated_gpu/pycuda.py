"""``pycuda`` over a simulated device."""

import threading
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.sdk.simulated_gpu.cuda import GARBAGE, Cuda, CudaError, Queue, Work, call

NAME, CAPABILITY = "Simulated GPU", (8, 9)


class PyCuda:
    """The module's functions and classes."""

    def __init__(self, cuda: Cuda, capability: tuple[int, int] = CAPABILITY) -> None:
        self.cuda = cuda
        self._capability = capability

    @call
    def mem_alloc(self, size: int) -> "DeviceMemory":
        self.cuda.rule(
            not any(q.recorder == threading.get_ident() for q in self.cuda.queues.values()), "allocates in a recording"
        )
        return DeviceMemory(self.cuda, size)

    @call
    def pagelocked_empty(self, shape: tuple[int, ...], kind: np.dtype[Any]) -> NDArray[Any]:
        return np.asarray(HostMemory(self.cuda, shape, np.dtype(kind)))

    @call
    def memcpy_htod_async(self, target: "DeviceMemory", source: NDArray[Any], stream: "Stream") -> None:
        self._copy(source, target, stream, to_device=True)

    @call
    def memcpy_dtoh_async(self, target: NDArray[Any], source: "DeviceMemory", stream: "Stream") -> None:
        self._copy(target, source, stream, to_device=False)

    def _copy(self, host: NDArray[Any], memory: "DeviceMemory", stream: "Stream", to_device: bool) -> None:
        place, size = self.cuda.pinned(host), host.nbytes
        address = int(memory)
        self.cuda.view(address, size)

        def run() -> None:
            self.cuda.pinned(host)
            here, there = host.reshape(-1).view(np.uint8), self.cuda.view(address, size)
            (there if to_device else here)[:] = here if to_device else there

        self.cuda.put(stream.queue, Work(run, [place, (address, address + size)]))

    def modules(self) -> dict[str, ModuleType]:
        """Return what to put in place of pycuda."""
        driver = ModuleType("pycuda.driver")
        flags = SimpleNamespace(BLOCKING_SYNC=1, DISABLE_TIMING=2)
        for name in ("mem_alloc", "pagelocked_empty", "memcpy_htod_async", "memcpy_dtoh_async"):
            setattr(driver, name, getattr(self, name))
        driver.__dict__.update(Error=CudaError, init=lambda: None, event_flags=flags, Device=self._device_class())
        driver.__dict__.update(
            Stream=lambda flags: Stream(self.cuda, flags), Event=lambda flags: Event(self.cuda, flags)
        )
        package = ModuleType("pycuda")
        package.__dict__["driver"] = driver
        return {"pycuda": package, "pycuda.driver": driver}

    def _device_class(self) -> Any:
        class Device:
            count = staticmethod(lambda: 1)
            name = staticmethod(lambda: NAME)
            compute_capability = staticmethod(lambda: self._capability)
            retain_primary_context = staticmethod(lambda: self.cuda)  # it only pushes and pops

            def __init__(self, number: int) -> None:
                assert number == 0

        return Device


class DeviceMemory:
    """``pycuda.driver.DeviceAllocation``."""

    def __init__(self, cuda: Cuda, size: int) -> None:
        self.cuda = cuda
        self._address = cuda.new_handle()
        cuda.device[self._address] = np.full(size, GARBAGE, np.uint8)

    def __int__(self) -> int:
        return self._address

    @call
    def free(self) -> None:
        self.cuda.rule(self._address in self.cuda.device, "device memory is freed twice")
        self.cuda.check_free((self._address, self._address + len(self.cuda.device[self._address])))
        del self.cuda.device[self._address]


class HostMemory:
    """``pycuda.driver.PagelockedHostAllocation``, the base of an array."""

    def __init__(self, cuda: Cuda, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
        self.cuda = cuda
        self._data = np.full(int(np.prod(shape)) * kind.itemsize, GARBAGE, np.uint8)
        self._address = self._data.__array_interface__["data"][0]
        self.__array_interface__ = {"version": 3, "shape": shape, "typestr": kind.str, "data": (self._address, False)}
        cuda.host[self._address] = self._data

    @call
    def free(self) -> None:
        self.cuda.rule(self._address in self.cuda.host, "host memory is freed twice")
        self.cuda.check_free((self._address, self._address + len(self._data)))
        self._data[:] = GARBAGE
        del self.cuda.host[self._address]


class Stream:
    """``pycuda.driver.Stream``."""

    def __init__(self, cuda: Cuda, flags: int) -> None:
        self.cuda = cuda
        self.queue: Queue | None = None
        self._create(flags)

    @call
    def _create(self, flags: int) -> None:
        assert flags == 1, "a stream that waits for the default stream"
        self.cuda.add("stream")
        self.queue = Queue(self.cuda.new_handle())
        self.cuda.queues[self.queue.handle] = self.queue

    @property
    def handle(self) -> int:
        assert self.queue is not None
        return self.queue.handle

    @call
    def synchronize(self) -> None:
        self.cuda.finish(self.queue)

    def __del__(self) -> None:
        if self.queue is not None:
            with self.cuda.lock:
                self.cuda.drop("stream")
                del self.cuda.queues[self.queue.handle]


class Event:
    """``pycuda.driver.Event``."""

    def __init__(self, cuda: Cuda, flags: int) -> None:
        self.cuda = cuda
        self.queue: Queue | None = None
        self._made = False
        self._create(flags)

    @call
    def _create(self, flags: int) -> None:
        assert flags == 3
        self._made = True
        self.cuda.add("event")

    @call
    def record(self, stream: Stream) -> None:
        self.queue, self._done = stream.queue, False
        self.cuda.put(stream.queue, Work(self._reach, []))

    def _reach(self) -> None:
        self._done = True

    @call
    def synchronize(self) -> None:
        self.cuda.rule(self.queue is not None, "an event is waited for that was never recorded")
        while not self._done:
            self.cuda.finish(self.queue, 1)

    def __del__(self) -> None:
        if self._made:
            self.cuda.drop("event")
