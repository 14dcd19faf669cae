"""ONNX Runtime, on the CPU or through CUDA. It is imported on first use: loading it takes longer than the SDK."""

import os
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends.base import BackendInfo
from fashionsdk.backends.cpus import available_cpus
from fashionsdk.bundle import Bundle
from fashionsdk.errors import BackendError, BundleError

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_ERRORS_ONLY = 3


class OnnxRuntimeBackend:
    """A session of ONNX Runtime with one of the bundle's graphs."""

    def __init__(self, bundle: Bundle, session: Any, info: BackendInfo) -> None:
        self.info = info
        self._session = session
        self._side = bundle.manifest.preprocessing.side
        self._has_attention = bundle.manifest.attention_shape is not None

    def run(
        self, images: NDArray[np.uint8], *, attention: bool = False
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Map images ``(B, S, S, 3)`` to embeddings and attention; see :class:`~fashionsdk.backends.Backend`."""
        self._check(images, attention)
        names = ["embeddings", "attention"] if attention else ["embeddings"]  # what is not named is not computed
        try:
            outputs = self._session.run(names, {"images": images})
        except Exception as error:  # the runtime's exceptions have no common base but this
            raise BackendError(
                f"{self.info} failed on a batch of {len(images)}: {error}; if memory is short, use a smaller batch_size"
            ) from error
        return outputs[0], outputs[1] if attention else None

    def _check(self, images: NDArray[np.uint8], attention: bool) -> None:
        expected = (self._side, self._side, 3)
        if images.dtype != np.uint8 or images.shape[1:] != expected or len(images) < 1:
            raise ValueError(f"images are {images.dtype} {images.shape}; expected uint8 (B,) + {expected}, B >= 1")
        if attention and not self._has_attention:
            raise ValueError("attention was asked for, but this model has no attention maps")


def open_on(bundle: Bundle, device: str, precision: str | None, threads: int | None, reason: str) -> OnnxRuntimeBackend:
    """Load the graph on this device and no other; ``reason`` is told in the backend's ``info``."""
    kind, number = _parse(device)
    runtime = _import_runtime()
    graph = bundle.graph(precision)
    provider = _CPU if kind == "cpu" else _CUDA
    _check_available(runtime, provider)
    options: dict[str, str] = {} if kind == "cpu" else _cuda_options(number)
    try:
        session = runtime.InferenceSession(
            str(bundle.path / graph.file),
            _session_options(runtime, threads),
            providers=[(provider, options)],
            enable_fallback=0,  # or it would print a line and go on, on the CPU
        )
    except Exception as error:  # the runtime's exceptions have no common base but this
        raise BackendError(f"{bundle.path / graph.file} does not load on {device}: {error}") from error
    if session.get_providers()[0] != provider:
        raise BackendError(
            f"{device} was asked for, but onnxruntime loaded {session.get_providers()[0]}; check that the driver "
            "and the CUDA and cuDNN libraries fit this onnxruntime, or choose device='cpu'"
        )
    _check_signature(bundle, session)
    name = "cpu" if kind == "cpu" else f"cuda:{number}"
    return OnnxRuntimeBackend(
        bundle, session, BackendInfo(f"onnxruntime {runtime.__version__}", name, graph.precision, reason)
    )


def open_best(bundle: Bundle, precision: str | None, threads: int | None) -> OnnxRuntimeBackend:
    """Load the graph on CUDA if that is possible, or else on the CPU."""
    if _CUDA not in _import_runtime().get_available_providers():
        return open_on(bundle, "cpu", precision, threads, "the installed onnxruntime is for the CPU")
    try:
        return open_on(bundle, "cuda", precision, threads, "CUDA is available")
    except BackendError as error:
        return open_on(bundle, "cpu", precision, threads, f"CUDA is installed but does not load: {error}")


def _parse(device: str) -> tuple[str, int]:
    match = re.fullmatch(r"(cpu)|cuda(?::(\d+))?", device)
    if match is None:
        raise ValueError(f"device is {device!r}; expected 'auto', 'cpu', 'cuda' or 'cuda:N'")
    return ("cpu", 0) if match[1] else ("cuda", int(match[2] or 0))


def _import_runtime() -> Any:
    # From 1.29 on, the published builds send usage data to Microsoft and keep an identifier under HOME, unless this is
    # set before the import. The call below is for a program that had imported the runtime before.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise BackendError(
            f"onnxruntime cannot be imported: {error}; "
            'run pip install "fashionsdk[cpu]", or for CUDA pip install "fashionsdk[gpu]"'
        ) from error
    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    return onnxruntime


def _check_available(runtime: Any, provider: str) -> None:
    if provider not in (available := runtime.get_available_providers()):
        raise BackendError(
            f"{provider} was asked for; this onnxruntime {runtime.__version__} has {', '.join(available)}. "
            'For CUDA: pip uninstall onnxruntime, then pip install "fashionsdk[gpu]"; or choose device="cpu"'
        )
    if provider == _CUDA and hasattr(runtime, "preload_dlls"):
        runtime.preload_dlls(directory="")  # finds the CUDA libraries that pip installed


def _session_options(runtime: Any, threads: int | None) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or available_cpus()
    options.log_severity_level = _ERRORS_ONLY
    options.enable_cpu_mem_arena = False  # it would keep the memory of the largest batch ever seen
    options.enable_mem_pattern = False  # it would keep a plan for every batch size ever seen
    # Threads that wait in a loop would take the CPU from those that decode the next photos.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _cuda_options(number: int) -> dict[str, str]:
    return {
        "device_id": str(number),
        "arena_extend_strategy": "kSameAsRequested",  # the default doubles what it holds
        "cudnn_conv_algo_search": "HEURISTIC",  # the default searches again at every new batch size
        "use_tf32": "0",  # fp32 was asked for; TF32 keeps 10 bits of the mantissa
    }


def _check_signature(bundle: Bundle, session: Any) -> None:
    manifest = bundle.manifest
    side, count = manifest.preprocessing.side, len(manifest.attributes)
    expected = {
        "images": ("tensor(uint8)", [side, side, 3]),
        "embeddings": ("tensor(float)", [count, manifest.model.embedding_dimension]),
    }
    if manifest.attention_shape is not None:
        expected["attention"] = ("tensor(float)", [count, *manifest.attention_shape])
    found = {value.name: (value.type, value.shape) for value in [*session.get_inputs(), *session.get_outputs()]}
    for name, (kind, shape) in expected.items():
        if name not in found or found[name][0] != kind or not _fits(found[name][1][1:], shape):
            raise BundleError(
                f"{bundle.path}: the graph has {found}; expected {name} to be {kind} ['B', {str(shape)[1:]}; "
                "export the checkpoint again"
            )


def _fits(found: list[int | str | None], expected: list[int]) -> bool:
    """Tell whether a shape fits; the name of a dynamic dimension fits any number."""
    return len(found) == len(expected) and all(
        a == b for a, b in zip(found, expected, strict=True) if isinstance(a, int)
    )
