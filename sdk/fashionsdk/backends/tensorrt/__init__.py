"""TensorRT and TensorRT for RTX: engines compiled from the bundle's graphs, on CUDA.

The libraries and pycuda are imported on first use: TensorRT is large, and pycuda needs a driver.
"""

from fashionsdk.backends.tensorrt._engine_opening import open_engine
from fashionsdk.backends.tensorrt._tensorrt import TensorRtBackend

__all__ = ["TensorRtBackend", "open_engine"]
