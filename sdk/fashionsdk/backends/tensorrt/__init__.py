"""TensorRT, and TensorRT for RTX: engines compiled from the bundle's graphs, on CUDA.

Nothing is imported before the first use: TensorRT is large, and pycuda cannot be imported without a driver.
"""

from fashionsdk.backends.tensorrt.backend import TensorRtBackend
from fashionsdk.backends.tensorrt.opening import open_engine

__all__ = ["TensorRtBackend", "open_engine"]
