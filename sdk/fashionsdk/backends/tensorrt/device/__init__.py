"""A CUDA device: its context, streams, buffers and recorded graphs."""

from fashionsdk.backends.tensorrt.device._buffers import Buffer
from fashionsdk.backends.tensorrt.device._cuda import CudaDevice, cuda_device
from fashionsdk.backends.tensorrt.device._cuda_graphs import CudaGraph, GraphDriver
from fashionsdk.backends.tensorrt.device._streams import Stream

__all__ = [
    "Buffer",
    "CudaDevice",
    "CudaGraph",
    "GraphDriver",
    "Stream",
    "cuda_device",
]
