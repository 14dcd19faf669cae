"""The CUDA driver's functions of ``HostMemory``, with their C prototypes, for a device whose memory is the host's."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from types import SimpleNamespace
from typing import Any

CONTEXT = 0x7F12_3456_7890  # more than 32 bits, which a wrong prototype would cut off
_INVALID_CONTEXT, _NO_MEMORY = 201, 2


class DriverOnTheHost:
    """Keeps a driver's rules: every call on memory needs a current context, and what is freed was allocated.

    Attributes:
        library: what ``HostMemory`` takes for the driver's library.
        allocated: the page-locked memory by its address.
        stack: the contexts that are current in the calling thread, as all calls come from one thread at a time.
        failing: the name of a function that fails.
    """

    def __init__(self) -> None:
        self.allocated: dict[int, Any] = {}
        self.stack: list[int] = []
        self.failing = ""
        out = POINTER(c_void_p)
        self.library = SimpleNamespace(
            cuInit=CFUNCTYPE(c_int, c_uint)(lambda flags: 0),
            cuDeviceGet=CFUNCTYPE(c_int, POINTER(c_int), c_int)(self._device),
            cuDevicePrimaryCtxRetain=CFUNCTYPE(c_int, out, c_int)(self._retain),
            cuCtxPushCurrent_v2=CFUNCTYPE(c_int, c_void_p)(self._push),
            cuCtxPopCurrent_v2=CFUNCTYPE(c_int, out)(self._pop),
            cuMemHostAlloc=CFUNCTYPE(c_int, out, c_size_t, c_uint)(self._allocate),
            cuMemFreeHost=CFUNCTYPE(c_int, c_void_p)(self._free),
            cuMemcpyHtoD_v2=CFUNCTYPE(c_int, c_uint64, c_void_p, c_size_t)(self._copy("cuMemcpyHtoD_v2")),
            cuMemcpyDtoH_v2=CFUNCTYPE(c_int, c_void_p, c_uint64, c_size_t)(self._copy("cuMemcpyDtoH_v2")),
            cuGetErrorString=CFUNCTYPE(c_int, c_int, POINTER(c_char_p))(self._error_string),
        )

    def _device(self, device: Any, number: int) -> int:
        device[0] = number
        return 0 if number == 0 else 101

    def _retain(self, context: Any, device: int) -> int:
        context[0] = CONTEXT
        return 0

    def _push(self, context: int) -> int:
        self.stack.append(context)
        return 0

    def _pop(self, context: Any) -> int:
        context[0] = self.stack.pop()
        return 0

    def _state(self, name: str) -> int:
        if self.failing == name:
            return _NO_MEMORY
        return 0 if self.stack[-1:] == [CONTEXT] else _INVALID_CONTEXT

    def _allocate(self, address: Any, size: int, flags: int) -> int:
        if status := self._state("cuMemHostAlloc"):
            return status
        memory = (ctypes.c_uint8 * size)(*[255] * min(size, 1000))  # garbage
        address[0] = ctypes.addressof(memory)
        self.allocated[ctypes.addressof(memory)] = memory
        return 0

    def _free(self, address: int) -> int:
        if status := self._state("cuMemFreeHost"):
            return status
        return 0 if self.allocated.pop(address, None) is not None else 1

    def _copy(self, name: str) -> Any:
        def copy(target: int, source: int, size: int) -> int:
            if status := self._state(name):
                return status
            ctypes.memmove(target, source, size)
            return 0

        return copy

    @staticmethod
    def _error_string(status: int, text: Any) -> int:
        text[0] = c_char_p({101: b"invalid device ordinal", 2: b"out of memory"}.get(status))
        return 0
