"""ONNX Runtime, on the CPU, through CUDA, or through the plugin TensorRT for RTX."""

from fashionsdk.backends.onnxruntime._onnxruntime import has_cuda, open_cpu, open_cuda, open_rtx
from fashionsdk.backends.onnxruntime._sessions import import_runtime, keep_int8_exact

__all__ = ["has_cuda", "import_runtime", "keep_int8_exact", "open_cpu", "open_cuda", "open_rtx"]
