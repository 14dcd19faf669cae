"""The ONNX Runtime backend, for the CPU, CUDA, and RTX cards through the plugin TensorRT for RTX."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends._backend import BackendInfo, backend_name
from fashionsdk.backends._per_process import PerProcess, cuda_after_fork
from fashionsdk.backends._shared_resource import SharedResource
from fashionsdk.backends._signature import check_call, check_output_shape
from fashionsdk.backends.onnxruntime._binding import BoundSession
from fashionsdk.backends.onnxruntime._cuda_sessions import CUDA, open_bound
from fashionsdk.backends.onnxruntime._rtx_plugin import RtxSession, open_rtx_session
from fashionsdk.backends.onnxruntime._sessions import (
    CPU,
    Session,
    import_runtime,
    open_session,
    session_options,
    with_provider,
)
from fashionsdk.bundle import Bundle
from fashionsdk.errors import BackendError


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
        if isinstance(session, (BoundSession, RtxSession)):
            session.close()


def has_cuda() -> bool:
    """Tell whether the installed ONNX Runtime is built for CUDA; CUDA may still fail to load.

    Raises:
        BackendError: ONNX Runtime cannot be imported.
    """
    return CUDA in import_runtime().get_available_providers()


def open_cpu(bundle: Bundle, precision: str | None, threads: int | None, reason: str) -> OnnxRuntimeBackend:
    """Load the graph on the CPU; ``reason`` goes into the backend's ``info``."""
    runtime = import_runtime()

    def start(one: Bundle) -> Session:
        options, create = session_options(runtime, threads), with_provider(runtime, CPU, {})
        return cast(Session, open_session(runtime, one, precision, options, "cpu", CPU, create))

    session = start(bundle)
    info = _info(runtime, bundle, precision, "cpu", reason)
    return OnnxRuntimeBackend(bundle, session, info, lambda: start(bundle.reopened()))


def open_cuda(
    bundle: Bundle, number: int, precision: str | None, threads: int | None, reason: str
) -> OnnxRuntimeBackend:
    """Load the graph on this CUDA device alone; ``reason`` goes into the backend's ``info``."""
    runtime = import_runtime()
    session, why = open_bound(runtime, bundle, number, precision, threads)
    reason = "; ".join(text for text in (reason, why) if text)
    info = _info(runtime, bundle, precision, f"cuda:{number}", reason)
    return OnnxRuntimeBackend(bundle, session, info, partial(cuda_after_fork, info))


def open_rtx(
    bundle: Bundle, number: int, precision: str | None, threads: int | None, reason: str
) -> OnnxRuntimeBackend:
    """Load the graph on this RTX card through the plugin; ``reason`` goes into the backend's ``info``."""
    runtime = import_runtime()
    session, version = open_rtx_session(runtime, bundle, number, precision, threads)
    info = _info(runtime, bundle, precision, f"cuda:{number}", reason, f"onnxruntime-rtx {version}")
    return OnnxRuntimeBackend(bundle, session, info, partial(cuda_after_fork, info))


def _info(runtime: Any, bundle: Bundle, precision: str | None, device: str, reason: str, name: str = "") -> BackendInfo:
    name = name or f"onnxruntime {runtime.__version__}"
    return BackendInfo(name, device, bundle.graph(precision).precision, reason)
