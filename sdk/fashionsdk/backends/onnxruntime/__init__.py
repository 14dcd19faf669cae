"""ONNX Runtime, on the CPU or through CUDA."""

from fashionsdk.backends.onnxruntime._onnxruntime import (
    has_cuda,
    import_runtime,
    keep_int8_exact,
    open_cpu,
    open_cuda,
)

__all__ = ["has_cuda", "import_runtime", "keep_int8_exact", "open_cpu", "open_cuda"]
