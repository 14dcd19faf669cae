"""Where building with ``tensorrt`` differs from building with ``tensorrt_rtx``: GPUs, descriptions, progress."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fashionsdk._tools.progress import Bar
from fashionsdk.backends.tensorrt.device import cuda_device
from fashionsdk.backends.tensorrt.library import Api, Library, load_library
from fashionsdk.bundle import EngineKind
from fashionsdk.errors import BackendError
from fashionsdk_export.engines.engine_config import EngineConfig
from fashionsdk_export.errors import ExportError

if TYPE_CHECKING:
    import tensorrt as trt

LAYERS = "Layers:"  # the beginning of an engine's description in the log of TensorRT for RTX


def load(kind: EngineKind) -> Library:
    """Import a library.

    Raises:
        ExportError: the library is not installed.
    """
    try:
        return load_library(kind)
    except BackendError as error:
        raise ExportError(str(error)) from error


@contextmanager
def target(library: Library, config: EngineConfig) -> Iterator[str]:
    """Make the GPU to build for current, if one is needed, and yield the compute capabilities to build for.

    Raises:
        ExportError: the library does not build for them, or there is no such GPU.
    """
    if library.is_rtx and config.compute_capability is not None:
        _check_supported(library, config.compute_capability)
        yield config.compute_capability
        return
    with _gpu(config) as capability:
        if config.compute_capability not in (None, capability):
            raise ExportError(
                f"tensorrt builds for the GPU at hand, which has compute capability {capability}, not "
                f"{config.compute_capability}; build on such a GPU, or use tensorrt-rtx"
            )
        if library.is_rtx:
            _check_supported(library, capability)
        yield capability


def set_target(library: Library, settings: "trt.IBuilderConfig", capabilities: str) -> None:
    """Set the compute capabilities to build for; TensorRT has no such setting."""
    if library.is_rtx:
        members = _supported(library)
        names = capabilities.split(",")
        rtx: Any = settings  # only TensorRT for RTX has these settings
        rtx.num_compute_capabilities = len(names)
        for index, name in enumerate(names):
            rtx.set_compute_capability(members[name], index)


def describe(library: Library, engine: bytes, batch: tuple[int, ...], logged: Sequence[str]) -> str:
    """Return the library's description of an engine that it just built, in the inspector's ONELINE format.

    TensorRT for RTX can load an engine only on the GPU that it is for, but logs the description during the build.

    Args:
        library: the library.
        engine: the engine.
        batch: shape of ``images`` that TensorRT describes it for.
        logged: the log messages of the build that begin with ``LAYERS``.

    Raises:
        ExportError: there is none.
    """
    if not library.is_rtx:
        return _inspect(library, engine, batch)
    if len(logged) != 1:
        raise ExportError(
            f"{library.name} logged {len(logged)} descriptions of the engine, expected one; without it the engine's "
            "precision is unknown; use another version of the library"
        )
    return logged[0]


def make_monitor(module: Api, bar: Bar, stopped: threading.Event) -> "trt.IProgressMonitor":
    """Return a monitor that moves ``bar`` by the steps of all phases, and ends the build once ``stopped`` is set."""
    lock = threading.Lock()  # the library calls from its own threads
    left: dict[str, int] = {}  # a phase may end before its last step
    if TYPE_CHECKING:
        from tensorrt import IProgressMonitor
    else:
        IProgressMonitor = module.IProgressMonitor

    class Monitor(IProgressMonitor):  # type: ignore[misc]  # without stubs the base is Any
        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            with lock:
                left[phase_name] = num_steps
                bar.total = (bar.total or 0) + num_steps

        def step_complete(self, phase_name: str, step: int) -> bool:
            with lock:
                left[phase_name] -= 1
                bar.update()
            return not stopped.is_set()

        def phase_finish(self, phase_name: str) -> None:
            with lock:
                bar.update(left.pop(phase_name))

    return Monitor()


def _inspect(library: Library, data: bytes, batch: tuple[int, ...]) -> str:
    try:
        runtime = library.start(library.module.Runtime)
        engine = library.deserialize(runtime, data)
    except BackendError as error:
        raise ExportError(f"the engine that was just built cannot be read back: {error}") from error
    inspector = engine.create_engine_inspector()
    context = engine.create_execution_context()
    if context is not None and context.set_input_shape("images", batch):
        inspector.execution_context = context  # without shapes, TensorRT leaves some types out
    text: str = inspector.get_engine_information(library.module.LayerInformationFormat.ONELINE)
    return text


@contextmanager
def _gpu(config: EngineConfig) -> Iterator[str]:
    try:
        device = cuda_device(0, config.kind)
    except BackendError as error:
        cross_compiles = config.rules.cross_compiles
        hint = "; or name the compute capability to build for, then none is needed" if cross_compiles else ""
        raise ExportError(f"{config.kind} needs a GPU to build for: {error}{hint}") from error
    with device:
        yield device.capability


def _check_supported(library: Library, capabilities: str) -> None:
    supported = _supported(library)
    if missing := [capability for capability in capabilities.split(",") if capability not in supported]:
        raise ExportError(
            f"{library.name} does not build for compute capability {', '.join(missing)}; it builds for "
            f"{', '.join(supported)}: choose among these, or on such a GPU --engine tensorrt"
        )


def _supported(library: Library) -> dict[str, Any]:
    """Return the library's enumeration of the compute capabilities that it builds for; 12.0 is ``SM120``."""
    names = library.rtx.ComputeCapability.__members__
    return {f"{name[2:-1]}.{name[-1]}": member for name, member in names.items() if name.startswith("SM")}
