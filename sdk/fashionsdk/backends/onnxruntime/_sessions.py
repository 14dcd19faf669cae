"""Sessions of ONNX Runtime, which is imported on first use, since that is slow."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends._graph_file import checked_graph
from fashionsdk.backends._host import available_cpus, int8_saturates
from fashionsdk.backends._registry import RUNTIMES
from fashionsdk.backends._signature import check_signature
from fashionsdk.backends.onnxruntime._placement import RECORD_PLACEMENT
from fashionsdk.bundle import Bundle
from fashionsdk.errors import BackendError

CPU = "CPUExecutionProvider"
_WARNINGS, _ERRORS, _FATAL = 2, 3, 4
_TYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}


class Session(Protocol):
    """What runs a batch: ``onnxruntime.InferenceSession``, or a `BoundSession` around it."""

    def run(self, names: Sequence[str], feed: Mapping[str, NDArray[np.uint8]]) -> Sequence[NDArray[np.float32]]:
        """Compute the outputs ``names``, and no others."""


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


def open_session(
    runtime: Any,
    bundle: Bundle,
    precision: str | None,
    options: Any,
    device: str,
    provider: str,
    start: Callable[[str, Any], Any],
) -> Any:
    """Load a graph on a device.

    Args:
        runtime: the module ``onnxruntime``.
        bundle: the bundle.
        precision: of the graph.
        options: the session's options.
        device: what was asked for, for messages.
        provider: the execution provider that must take the graph.
        start: makes a session of a path and options.

    Raises:
        BackendError: the graph does not load, or another provider took it.
        BundleError: the graph is not what the manifest says.
    """
    path = checked_graph(bundle, precision, device)
    try:
        with only_exceptions(runtime):
            session = start(str(path), options)
    except Exception as error:  # the runtime's exceptions have no common base but this
        raise BackendError(f"{path} does not load on {device}: {error}") from error
    if session.get_providers()[0] != provider:
        raise BackendError(
            f"{device} was asked for, but onnxruntime loaded {session.get_providers()[0]}; check that the driver "
            "and the CUDA and cuDNN libraries fit this onnxruntime, or choose device='cpu'"
        )
    check_signature(bundle, _signature(session))
    return session


def with_provider(runtime: Any, provider: str, settings: dict[str, str]) -> Callable[[str, Any], Any]:
    """Return what `open_session` starts a session with: one of the runtime's own providers."""
    return lambda path, options: runtime.InferenceSession(
        path,
        options,
        providers=[(provider, settings)],
        enable_fallback=0,  # or it would print a line and go on, on the CPU
    )


@contextlib.contextmanager
def only_exceptions(runtime: Any) -> Iterator[None]:
    """Let the runtime write nothing to stderr while a session starts: what fails is an exception too.

    It would warn that CUDA is no plugin, which is how every build with CUDA inside works.
    """
    runtime.set_default_logger_severity(_FATAL)
    try:
        yield
    finally:
        runtime.set_default_logger_severity(_WARNINGS)  # its default; what it was before cannot be asked


@contextlib.contextmanager
def to_stderr() -> Iterator[None]:
    """Let what a library prints go to stderr, which is not a program's answer."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def session_options(runtime: Any, threads: int | None) -> Any:
    """Return the options of every session."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or available_cpus()
    options.log_severity_level = _ERRORS
    # Keeps the memory of the largest batch, which batch_size bounds. Without it each run waits for fresh pages.
    options.enable_cpu_mem_arena = True
    options.enable_mem_pattern = False  # it would store a plan for every batch size
    # Within a run, threads spin while they wait for the next layer, since waking them is slower. After a run they stop:
    # spinning would take the CPU from the threads that decode the next photos.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    keep_int8_exact(options)
    return options


def gpu_session_options(runtime: Any, threads: int | None) -> Any:
    """Return the options of a session on a GPU, which can tell where its nodes run."""
    options = session_options(runtime, threads)
    options.log_severity_level = _FATAL  # an error is an exception too, and may be one that is handled
    options.add_session_config_entry(RECORD_PLACEMENT, "1")
    return options


def keep_int8_exact(options: Any) -> None:
    """Set ``onnxruntime.SessionOptions`` so that int8 graphs have one answer on every CPU.

    Without VNNI, products of uint8 and int8 may saturate. With weights turned into uint8 they do not; where there is
    VNNI, that would take twice the time for the same answer (22 and 49 ms a photo, ResNet-50 on one core).
    """
    if int8_saturates() is not False:
        options.add_session_config_entry("session.x64quantprecision", "1")


def _signature(session: Any) -> dict[str, tuple[str, list[int | None]]]:
    return {
        value.name: (_TYPES.get(value.type, value.type), [n if isinstance(n, int) else None for n in value.shape])
        for value in [*session.get_inputs(), *session.get_outputs()]
    }
