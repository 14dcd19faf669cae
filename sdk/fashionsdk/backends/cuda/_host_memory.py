"""Page-locked host memory, and copies between it and a device.

ONNX Runtime's Python API copies through memory that is not page-locked, which the driver copies once more.
"""

import ctypes
import math
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, c_int, c_size_t, c_uint, c_uint64, c_void_p
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fashionsdk.backends.cuda._driver import CudaDriver

_HANDLE_OUT = POINTER(c_void_p)
_PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "cuInit": (c_uint,),
    "cuDeviceGet": (POINTER(c_int), c_int),
    "cuDevicePrimaryCtxRetain": (_HANDLE_OUT, c_int),
    "cuCtxPushCurrent_v2": (c_void_p,),
    "cuCtxPopCurrent_v2": (_HANDLE_OUT,),
    "cuMemHostAlloc": (_HANDLE_OUT, c_size_t, c_uint),
    "cuMemFreeHost": (c_void_p,),
    "cuMemcpyHtoD_v2": (c_uint64, c_void_p, c_size_t),
    "cuMemcpyDtoH_v2": (c_void_p, c_uint64, c_size_t),
}
_PORTABLE = 1  # CU_MEMHOSTALLOC_PORTABLE: page-locked for every context


class HostMemory:
    """Page-locked arrays for one device. Copies return when they are done; the arrays live until they are freed.

    The device's primary context, which ONNX Runtime and PyTorch use as well, is retained until the process ends.

    Args:
        number: which CUDA device.
        library: another library with the driver's functions; ``None`` for the installed one.

    Raises:
        CudaDriverError: the driver or the device is missing.
    """

    def __init__(self, number: int, library: Any = None) -> None:
        self._driver = CudaDriver(_PROTOTYPES, library)
        self._context = c_void_p()
        device = c_int()
        self._driver.call("cuInit", 0)
        self._driver.call("cuDeviceGet", ctypes.byref(device), number)
        self._driver.call("cuDevicePrimaryCtxRetain", ctypes.byref(self._context), device)

    def array(self, shape: tuple[int, ...], kind: DTypeLike) -> NDArray[Any]:
        """Return a page-locked array of zeros.

        Raises:
            CudaDriverError: the memory is short.
        """
        size, address = math.prod(shape) * np.dtype(kind).itemsize, c_void_p()
        with self._current():
            self._driver.call("cuMemHostAlloc", ctypes.byref(address), max(size, 1), _PORTABLE)
        memory = (ctypes.c_uint8 * size).from_address(address.value or 0)
        array: NDArray[Any] = np.ctypeslib.as_array(memory).view(kind).reshape(shape)
        array[...] = 0
        return array

    def free(self, array: NDArray[Any]) -> None:
        """Free an array of `array`; no view of it may be used any more."""
        with self._current():
            self._driver.call("cuMemFreeHost", array.ctypes.data)

    def upload(self, device: int, host: NDArray[Any]) -> None:
        """Copy a contiguous part of an array to an address on the device."""
        with self._current():
            self._driver.call("cuMemcpyHtoD_v2", device, host.ctypes.data, host.nbytes)

    def download(self, host: NDArray[Any], device: int) -> None:
        """Copy from an address on the device into a contiguous part of an array."""
        with self._current():
            self._driver.call("cuMemcpyDtoH_v2", host.ctypes.data, device, host.nbytes)

    @contextmanager
    def _current(self) -> Iterator[None]:
        """Make the context current in this thread during the block."""
        self._driver.call("cuCtxPushCurrent_v2", self._context)
        try:
            yield
        finally:
            self._driver.call("cuCtxPopCurrent_v2", ctypes.byref(c_void_p()))
