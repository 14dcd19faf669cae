"""What a build needs of the seam to ``tensorrt`` and ``tensorrt_rtx``, and here is where they differ."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fashionsdk.backends.tensorrt.device import cuda_device
from fashionsdk.backends.tensorrt.library import Api, Library, library
from fashionsdk.bundle import EngineKind
from fashionsdk.errors import BackendError
from fashionsdk_export.engines.engine_config import EngineConfig
from fashionsdk_export.errors import ExportError

if TYPE_CHECKING:
    import tensorrt as trt
    from tqdm import tqdm

LAYERS = "Layers:"  # how TensorRT for RTX begins the description of an engine in its log


def load(kind: EngineKind) -> Library:
    """Import a library.

    Raises:
        ExportError: it is not installed.
    """
    try:
        return library(kind)
    except BackendError as error:
        raise ExportError(str(error)) from error


@contextmanager
def target(found: Library, config: EngineConfig) -> Iterator[str]:
    """Make the GPU to build for current, if one is needed, and yield the compute capabilities to build for.

    Raises:
        ExportError: the library does not build for them, or there is no such GPU.
    """
    if found.is_rtx and config.compute_capability is not None:
        _check_offered(found, config.compute_capability)
        yield config.compute_capability
        return
    with _gpu(found.kind) as capability:
        if config.compute_capability not in (None, capability):
            raise ExportError(
                f"tensorrt builds for the GPU at hand, which has compute capability {capability}, not "
                f"{config.compute_capability}; build on such a GPU, or use tensorrt-rtx"
            )
        if found.is_rtx:
            _check_offered(found, capability)
        yield capability


def set_target(found: Library, settings: "trt.IBuilderConfig", capabilities: str) -> None:
    """Tell the builder what to build for; TensorRT needs no telling."""
    if found.is_rtx:
        members = _offered(found)
        wanted = capabilities.split(",")
        rtx: Any = settings  # these settings are TensorRT for RTX's alone
        rtx.num_compute_capabilities = len(wanted)
        for index, capability in enumerate(wanted):
            rtx.set_compute_capability(members[capability], index)


def describe(found: Library, engine: bytes, batch: tuple[int, ...], logged: Sequence[str]) -> str:
    """Return the library's description of an engine that it has just built, in the inspector's ONELINE format.

    TensorRT for RTX can load an engine only on the GPU that it is for, but logs the description while it builds.

    Args:
        found: the library.
        engine: the engine.
        batch: shape of ``images`` that TensorRT describes it for.
        logged: what the library logged while it built and that begins with ``LAYERS``.

    Raises:
        ExportError: there is none.
    """
    if not found.is_rtx:
        return _inspect(found, engine, batch)
    if len(logged) != 1:
        raise ExportError(
            f"{found.name} logged {len(logged)} descriptions of the engine, expected one; without it "
            "nobody knows in which precision the engine computes; use another version of the library"
        )
    return logged[0]


def make_monitor(module: Api, bar: "tqdm[Any]", stopped: threading.Event) -> "trt.IProgressMonitor":
    """Return a monitor that moves ``bar`` by the steps of all phases, and ends the build once ``stopped`` is set."""
    lock = threading.Lock()  # the library calls from threads of its own
    left: dict[str, int] = {}  # a phase may end before its last step
    if TYPE_CHECKING:
        from tensorrt import IProgressMonitor
    else:
        IProgressMonitor = module.IProgressMonitor

    class Monitor(IProgressMonitor):  # type: ignore[misc]  # without stubs the base is Any
        def __init__(self) -> None:
            IProgressMonitor.__init__(self)

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


def _inspect(found: Library, data: bytes, batch: tuple[int, ...]) -> str:
    try:
        runtime = found.start(found.module.Runtime)
        engine = found.deserialize(runtime, data)
    except BackendError as error:
        raise ExportError(f"the engine that was just built cannot be read back: {error}") from error
    inspector = engine.create_engine_inspector()
    context = engine.create_execution_context()
    if context is not None and context.set_input_shape("images", batch):
        inspector.execution_context = context  # without shapes, TensorRT leaves some types out
    text: str = inspector.get_engine_information(found.module.LayerInformationFormat.ONELINE)
    return text


@contextmanager
def _gpu(kind: EngineKind) -> Iterator[str]:
    try:
        device = cuda_device(0, kind)
    except BackendError as error:
        hint = "" if kind == "tensorrt" else "; or name the compute capability to build for, then none is needed"
        raise ExportError(f"{kind} needs a GPU to build for: {error}{hint}") from error
    with device:
        yield device.capability


def _check_offered(found: Library, capabilities: str) -> None:
    offered = _offered(found)
    if missing := [capability for capability in capabilities.split(",") if capability not in offered]:
        raise ExportError(
            f"{found.name} does not build for compute capability {', '.join(missing)}; it builds for "
            f"{', '.join(offered)}: choose among these, or on such a GPU --engine tensorrt"
        )


def _offered(found: Library) -> dict[str, Any]:
    """Return the compute capabilities that the library builds for, as it wants to be told: 12.0 is ``SM120``."""
    names = found.rtx.ComputeCapability.__members__
    return {f"{name[2:-1]}.{name[-1]}": member for name, member in names.items() if name.startswith("SM")}
