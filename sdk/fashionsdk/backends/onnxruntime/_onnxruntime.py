"""The ONNX Runtime backend, for the CPU and CUDA. ONNX Runtime is imported on first use, since that is slow."""

import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends._backend import BackendInfo, backend_name
from fashionsdk.backends._graph_file import checked_graph
from fashionsdk.backends._host import available_cpus, int8_saturates
from fashionsdk.backends._per_process import PerProcess, cuda_after_fork
from fashionsdk.backends._registry import RUNTIMES
from fashionsdk.backends._shared_resource import SharedResource
from fashionsdk.backends._signature import check_call, check_output_shape, check_signature, output_shapes
from fashionsdk.backends.onnxruntime._binding import BoundSession
from fashionsdk.backends.onnxruntime._placement import RECORD_PLACEMENT, check_placement
from fashionsdk.bundle import Bundle
from fashionsdk.errors import BackendError

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_ERRORS_ONLY = 3
_TYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


class Session(Protocol):
    """What runs a batch: ``onnxruntime.InferenceSession``, or a `BoundSession` around it."""

    def run(self, names: Sequence[str], feed: Mapping[str, NDArray[np.uint8]]) -> Sequence[NDArray[np.float32]]:
        """Compute the outputs ``names``, and no others."""


class OnnxRuntimeBackend(SharedResource):
    """A session of ONNX Runtime with one of the bundle's graphs.

    Args:
        bundle: the bundle.
        session: the session.
        info: what runs and why.
        reopen: opens the session of a forked child, at the child's first run.
    """

    def __init__(self, bundle: Bundle, session: Session, info: BackendInfo, reopen: Callable[[], Session]) -> None:
        super().__init__(backend_name(info), "open the bundle again")
        self.info = info
        self._manifest = bundle.manifest
        self._session = PerProcess(session, reopen)

    def run(
        self, images: NDArray[np.uint8], *, attention: bool = False
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Map images ``(B, H, W, 3)`` to embeddings and attention; see `Backend`."""
        check_call(self._manifest, images, attention)
        names = ["embeddings", "attention"] if attention else ["embeddings"]
        with self._in_use():
            outputs = self._run(self._session.get(), names, images)
        for name, output in zip(names, outputs, strict=True):
            check_output_shape(self._manifest, name, len(images), output.shape)
        return outputs[0], outputs[1] if attention else None

    def _run(self, session: Session, names: Sequence[str], images: NDArray[np.uint8]) -> Sequence[NDArray[np.float32]]:
        try:
            return session.run(names, {"images": images})
        except Exception as error:  # the runtime's exceptions have no common base but this
            raise BackendError(
                f"{self.info} failed on a batch of {len(images)}: {error}; if memory is short, use a smaller batch_size"
            ) from error

    def _free(self) -> None:
        session = self._session.drop()
        if isinstance(session, BoundSession):
            session.close()


def has_cuda() -> bool:
    """Tell whether the installed ONNX Runtime is built for CUDA; CUDA may still fail to load.

    Raises:
        BackendError: ONNX Runtime cannot be imported.
    """
    return _CUDA in import_runtime().get_available_providers()


def open_cpu(bundle: Bundle, precision: str | None, threads: int | None, reason: str) -> OnnxRuntimeBackend:
    """Load the graph on the CPU; ``reason`` goes into the backend's ``info``."""
    runtime = import_runtime()
    session = _open_session(runtime, bundle, precision, threads, "cpu", _CPU, {})
    info = _info(runtime, bundle, precision, "cpu", reason)

    def reopen() -> Session:
        return cast(Session, _open_session(runtime, bundle.reopened(), precision, threads, "cpu", _CPU, {}))

    return OnnxRuntimeBackend(bundle, session, info, reopen)


def open_cuda(
    bundle: Bundle, number: int, precision: str | None, threads: int | None, reason: str
) -> OnnxRuntimeBackend:
    """Load the graph on this CUDA device alone; ``reason`` goes into the backend's ``info``."""
    runtime = import_runtime()
    device = f"cuda:{number}"
    _check_float(bundle, precision, device)
    _check_cuda(runtime)
    session = _open_session(runtime, bundle, precision, threads, device, _CUDA, _cuda_options(number))
    check_placement(session, _CUDA, device)
    bound = BoundSession(runtime, session, "cuda", number, output_shapes(bundle.manifest))
    info = _info(runtime, bundle, precision, device, reason)
    return OnnxRuntimeBackend(bundle, bound, info, partial(cuda_after_fork, info))


def _open_session(
    runtime: Any,
    bundle: Bundle,
    precision: str | None,
    threads: int | None,
    device: str,
    provider: str,
    options: dict[str, str],
) -> Any:
    path = checked_graph(bundle, precision, device)
    try:
        session = runtime.InferenceSession(
            str(path),
            _session_options(runtime, threads, provider),
            providers=[(provider, options)],
            enable_fallback=0,  # or it would print a line and go on, on the CPU
        )
    except Exception as error:  # the runtime's exceptions have no common base but this
        raise BackendError(f"{path} does not load on {device}: {error}") from error
    if session.get_providers()[0] != provider:
        raise BackendError(
            f"{device} was asked for, but onnxruntime loaded {session.get_providers()[0]}; check that the driver "
            "and the CUDA and cuDNN libraries fit this onnxruntime, or choose device='cpu'"
        )
    check_signature(bundle, _signature(session))
    return session


def _info(runtime: Any, bundle: Bundle, precision: str | None, device: str, reason: str) -> BackendInfo:
    return BackendInfo(f"onnxruntime {runtime.__version__}", device, bundle.graph(precision).precision, reason)


def import_runtime() -> Any:
    """Import ONNX Runtime so that it sends no usage data.

    Raises:
        BackendError: it cannot be imported.
    """
    # From 1.29 on, the published builds send usage data to Microsoft and keep an identifier under HOME, unless this is
    # set before the import. The call below is for a program that had imported the runtime before.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise RUNTIMES["onnxruntime"].missing(error) from error
    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    return onnxruntime


def _check_float(bundle: Bundle, precision: str | None, device: str) -> None:
    if bundle.graph(precision).precision == "int8":
        raise BackendError(
            f"int8 does not run on {device}: ONNX Runtime has no int8 kernels for CUDA and would compute in "
            "float32: choose precision='fp16', or build an int8 engine with export/build_engine.py --engine tensorrt"
        )


def _check_cuda(runtime: Any) -> None:
    if _CUDA not in (available := runtime.get_available_providers()):
        raise BackendError(
            f"{_CUDA} was asked for; this onnxruntime {runtime.__version__} has {', '.join(available)}. "
            'For CUDA: pip uninstall onnxruntime, then pip install "fashionsdk[gpu]"; or choose device="cpu"'
        )
    if hasattr(runtime, "preload_dlls"):
        with contextlib.redirect_stdout(sys.stderr):  # it prints which libraries are missing
            runtime.preload_dlls(directory="")  # finds the CUDA libraries that pip installed


def _session_options(runtime: Any, threads: int | None, provider: str) -> Any:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or available_cpus()
    options.log_severity_level = _ERRORS_ONLY
    # Keeps the memory of the largest batch, which batch_size bounds. Without it each run waits for fresh pages.
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = False  # it would store a plan for every batch size
    # Within a run, threads spin while they wait for the next layer, since waking them is slower. After a run they stop:
    # spinning would take the CPU from the threads that decode the next photos.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if provider == _CUDA:
        options.add_session_config_entry(RECORD_PLACEMENT, "1")
    keep_int8_exact(options)
    return options


def keep_int8_exact(options: Any) -> None:
    """Set ``onnxruntime.SessionOptions`` so that int8 graphs have one answer on every CPU.

    Without VNNI, products of uint8 and int8 may saturate. With weights turned into uint8 they do not; where there is
    VNNI, that would take twice the time for the same answer (22 and 49 ms a photo, ResNet-50 on one core).
    """
    if int8_saturates() is not False:
        options.add_session_config_entry("session.x64quantprecision", "1")


def _cuda_options(number: int) -> dict[str, str]:
    return {
        "device_id": str(number),
        "arena_extend_strategy": "kSameAsRequested",  # the default doubles what it holds
        "cudnn_conv_algo_search": "HEURISTIC",  # the default searches again at every new batch size
        "use_tf32": "0",  # fp32 was asked for; TF32 keeps 10 bits of the mantissa
    }


def _signature(session: Any) -> dict[str, tuple[str, list[int | None]]]:
    return {
        value.name: (_TYPES.get(value.type, value.type), [n if isinstance(n, int) else None for n in value.shape])
        for value in [*session.get_inputs(), *session.get_outputs()]
    }
