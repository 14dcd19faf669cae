"""AOTInductor: engines that PyTorch compiled from the bundle's graphs, on the CPU or on CUDA.

PyTorch is imported on first use, and nowhere else in the SDK.
"""

from fashionsdk.backends.aotinductor._engine_opening import capability, open_cpu, open_cuda
from fashionsdk.backends.aotinductor._library import GRAPH_KEY

__all__ = ["GRAPH_KEY", "capability", "open_cpu", "open_cuda"]
