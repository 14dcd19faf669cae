"""The CUDA driver, called through ctypes where a library's Python API lacks something."""

from fashionsdk.backends.cuda._driver import CudaDriver, CudaDriverError
from fashionsdk.backends.cuda._host_memory import HostMemory

__all__ = ["CudaDriver", "CudaDriverError", "HostMemory"]
