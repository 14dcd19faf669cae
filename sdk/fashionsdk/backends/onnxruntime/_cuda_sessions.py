"""Sessions on CUDA: with CUDA graphs where the whole graph is on the device, or else without."""

from typing import Any

import numpy as np

from fashionsdk.backends._signature import output_shapes
from fashionsdk.backends.cuda import CudaDriverError, HostMemory
from fashionsdk.backends.onnxruntime._binding import BoundSession
from fashionsdk.backends.onnxruntime._placement import check_placement
from fashionsdk.backends.onnxruntime._sessions import (
    gpu_session_options,
    only_exceptions,
    open_session,
    to_stderr,
    with_provider,
)
from fashionsdk.bundle import Bundle
from fashionsdk.errors import BackendError

CUDA = "CUDAExecutionProvider"
_OPTIONS = {
    "arena_extend_strategy": "kSameAsRequested",  # the default doubles what it holds
    "cudnn_conv_algo_search": "HEURISTIC",  # the default searches again at every new batch size
    "use_tf32": "0",  # fp32 was asked for; TF32 keeps 10 bits of the mantissa
}


def open_bound(
    runtime: Any, bundle: Bundle, number: int, precision: str | None, threads: int | None
) -> tuple[BoundSession, str]:
    """Load a graph on a CUDA device.

    Returns:
        the session, and why it runs without CUDA graphs, or an empty text.

    Raises:
        BackendError: CUDA is missing, does not load, or computes less than the whole graph.
        BundleError: the graph is not what the manifest says.
    """
    device = f"cuda:{number}"
    _check_float(bundle, precision, device)
    _check_cuda(runtime)
    try:
        return _open(runtime, bundle, number, precision, threads, graphs=True), ""
    except BackendError as error:
        without = _open(runtime, bundle, number, precision, threads, graphs=False)
        return without, f"without CUDA graphs: {str(error).splitlines()[0]}"


def cuda_options(number: int, precision: str, *, graphs: bool) -> dict[str, str]:
    """Return the CUDA provider's options.

    Half precision computes convolutions channels last, as tensor cores do: otherwise cuDNN turns every feature map
    around and back (docs/decisions/cuda-graphs.md).
    """
    options = {"device_id": str(number), **_OPTIONS}
    if precision == "fp16":
        options["prefer_nhwc"] = "1"
    if graphs:
        options["enable_cuda_graph"] = "1"
    return options


def _open(
    runtime: Any, bundle: Bundle, number: int, precision: str | None, threads: int | None, *, graphs: bool
) -> BoundSession:
    device = f"cuda:{number}"
    settings = cuda_options(number, bundle.graph(precision).precision, graphs=graphs)
    options = gpu_session_options(runtime, threads)
    start = with_provider(runtime, CUDA, settings)
    session = open_session(runtime, bundle, precision, options, device, CUDA, start)
    check_placement(session, CUDA, device)
    shapes = output_shapes(bundle.manifest)
    try:
        bound = BoundSession(runtime, session, ("cuda", number), shapes, HostMemory(number), graphs=graphs)
    except CudaDriverError as error:
        raise BackendError(f"{device} does not start: {error}; check the driver with nvidia-smi") from error
    _try(runtime, bundle, bound, device)
    return bound


def _try(runtime: Any, bundle: Bundle, bound: BoundSession, device: str) -> None:
    """Run one photo: what cannot be computed or recorded fails now, not at the first photo."""
    photo = np.zeros((1, *bundle.manifest.preprocessing.shape), np.uint8)
    try:
        with only_exceptions(runtime):
            bound.run(["embeddings"], {"images": photo})
    except Exception as error:  # the runtime's exceptions have no common base but this
        bound.close()
        raise BackendError(f"the graph does not run on {device}: {error}; if memory is short, free some") from error


def _check_float(bundle: Bundle, precision: str | None, device: str) -> None:
    if bundle.graph(precision).precision == "int8":
        raise BackendError(
            f"int8 does not run on {device}: ONNX Runtime has no int8 kernels for CUDA and would compute in "
            "float32: choose precision='fp16', or build an int8 engine with export/build_engine.py --engine tensorrt"
        )


def _check_cuda(runtime: Any) -> None:
    if CUDA not in (available := runtime.get_available_providers()):
        raise BackendError(
            f"{CUDA} was asked for; this onnxruntime {runtime.__version__} has {', '.join(available)}. "
            'For CUDA: pip uninstall onnxruntime, then pip install "fashionsdk[gpu]"; or choose device="cpu"'
        )
    if hasattr(runtime, "preload_dlls"):
        with to_stderr():  # it prints which libraries are missing
            runtime.preload_dlls(directory="")  # finds the CUDA libraries that pip installed
