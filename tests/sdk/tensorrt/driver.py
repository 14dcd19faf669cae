"""Whether this machine has a GPU, asked of its driver: to import PyTorch for the answer takes seconds."""

import ctypes
from functools import cache


@cache
def has_cuda_device() -> bool:
    """Return whether the CUDA driver is installed and offers a device."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int()
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
