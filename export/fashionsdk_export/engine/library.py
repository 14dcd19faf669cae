"""The builder's seam to ``tensorrt`` and ``tensorrt_rtx``: one API, and here is where they differ."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fashionsdk.backends.tensorrt.cuda import cuda_device
from fashionsdk.backends.tensorrt.library import library as runtime_library
from fashionsdk.bundle import EngineKind
from fashionsdk.errors import BackendError
from fashionsdk_export.engine.config import EngineConfig
from fashionsdk_export.errors import ExportError

if TYPE_CHECKING:
    import tensorrt as trt
    from tqdm import tqdm

_NO_DRIVER = "catchCudaError"  # TensorRT for RTX adds such a line to every error on a machine without a GPU
_loggers: "dict[EngineKind, tuple[trt.ILogger, Log]]" = {}


@dataclass
class Log:
    """What a library says while it builds; a library keeps its first logger, so there is one for all builds."""

    layers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    building: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Forget the last build."""
        self.layers.clear()
        self.errors.clear()

    def reason(self) -> str:
        """Return the errors as a sentence."""
        return sentence(self.errors) or "it gives no reason"


@dataclass(frozen=True)
class Library:
    """One of the two libraries, imported.

    Attributes:
        kind: which.
        version: such as ``"10.13.0.35"``, all of which an engine is tied to.
        module: the module; ``Any``, since the stubs describe objects and cannot say "one of two modules".
        logger: what the library logs to.
        log: what it logged.
    """

    kind: EngineKind
    version: str
    module: Any
    logger: "trt.ILogger"
    log: Log

    @property
    def name(self) -> str:
        """The library and its version, for messages."""
        return f"{self.kind} {self.version}"

    @contextmanager
    def target(self, config: EngineConfig) -> Iterator[str]:
        """Make the GPU to build for current, if one is needed, and yield the compute capabilities to build for.

        Raises:
            ExportError: the library does not build for them, or there is no such GPU.
        """
        if self.kind == "tensorrt-rtx" and config.compute_capability is not None:
            offered = [spelt(name) for name in self.module.ComputeCapability.__members__ if name.startswith("SM")]
            if missing := [capability for capability in config.capabilities if capability not in offered]:
                raise ExportError(
                    f"{self.name} does not build for compute capability {', '.join(missing)}; "
                    f"it builds for {', '.join(offered)}"
                )
            yield config.compute_capability
            return
        with self._gpu() as capability:
            if config.compute_capability not in (None, capability):
                raise ExportError(
                    f"tensorrt builds for the GPU at hand, which has compute capability {capability}, not "
                    f"{config.compute_capability}; build on such a GPU, or use tensorrt-rtx"
                )
            yield capability

    @contextmanager
    def _gpu(self) -> Iterator[str]:
        try:
            device = cuda_device(0, self.kind)
        except BackendError as error:
            hint = (
                "" if self.kind == "tensorrt" else "; or name the compute capability to build for, then none is needed"
            )
            raise ExportError(f"{self.kind} needs a GPU to build for: {error}{hint}") from error
        with device:
            yield device.capability

    def set_target(self, settings: "trt.IBuilderConfig", capabilities: str) -> None:
        """Tell the builder what to build for; TensorRT needs no telling."""
        if self.kind == "tensorrt-rtx":
            wanted = capabilities.split(",")
            rtx: Any = settings  # these settings are TensorRT for RTX's alone
            rtx.num_compute_capabilities = len(wanted)
            for index, capability in enumerate(wanted):
                rtx.set_compute_capability(self._capability(capability), index)

    def _capability(self, capability: str) -> Any:
        names = self.module.ComputeCapability.__members__
        members = {spelt(name): member for name, member in names.items() if name.startswith("SM")}
        if capability not in members:
            raise ExportError(
                f"{self.name} builds for compute capability {', '.join(members)}, and not for {capability}; "
                "choose one of them, or --engine tensorrt"
            )
        return members[capability]

    def describe(self, engine: bytes, batch: tuple[int, ...]) -> str:
        """Return the library's description of an engine that it has just built, in the inspector's ONELINE format.

        TensorRT for RTX can load an engine only on the GPU that it is for, but logs the description while it builds.

        Args:
            engine: the engine.
            batch: shape of ``images`` that TensorRT describes it for.

        Raises:
            ExportError: there is none.
        """
        if self.kind == "tensorrt":
            return self._inspect(engine, batch)
        if len(self.log.layers) != 1:
            raise ExportError(
                f"{self.name} logged {len(self.log.layers)} descriptions of the engine, expected one; without it "
                "nobody knows in which precision the engine computes; use another version of the library"
            )
        return self.log.layers[0]

    def _inspect(self, data: bytes, batch: tuple[int, ...]) -> str:
        runtime: trt.Runtime = self.module.Runtime(self.logger)
        engine = runtime.deserialize_cuda_engine(data)
        if engine is None:
            raise ExportError(f"{self.name} does not load the engine that it built: {self.log.reason()}")
        inspector = engine.create_engine_inspector()
        context = engine.create_execution_context()
        if context is not None and context.set_input_shape("images", batch):
            inspector.execution_context = context  # without shapes, TensorRT leaves some types out
        text: str = inspector.get_engine_information(self.module.LayerInformationFormat.ONELINE)
        return text


def load(kind: EngineKind) -> Library:
    """Import a library.

    Raises:
        ExportError: it is not installed.
    """
    try:
        found = runtime_library(kind)
    except BackendError as error:
        raise ExportError(str(error)) from error
    if kind not in _loggers:
        log = Log()
        _loggers[kind] = make_logger(found.module, log), log
    return Library(kind, found.version, found.module, *_loggers[kind])


def spelt(member: str) -> str:
    """Return the compute capability that a member of the library's enumeration stands for: ``"SM120"`` is 12.0."""
    digits = member.removeprefix("SM")
    return f"{digits[:-1]}.{digits[-1]}"


def sentence(messages: list[str]) -> str:
    """Join what the library says, without what it says of a missing driver, and nothing twice."""
    lines = [line.strip() for message in messages for line in message.splitlines()]
    return "; ".join(dict.fromkeys(line for line in lines if line and _NO_DRIVER not in line))


def make_logger(module: Any, log: Log) -> "trt.ILogger":
    """Return a logger that writes to ``log`` and prints nothing."""
    serious = (module.ILogger.Severity.INTERNAL_ERROR, module.ILogger.Severity.ERROR)

    class Logger(module.ILogger):  # type: ignore[misc]  # the base is Any
        def __init__(self) -> None:
            module.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            if severity in serious:
                log.errors.append(message)
            elif message.startswith("Layers:"):
                log.layers.append(message)

    logger: trt.ILogger = Logger()
    return logger


def make_monitor(module: Any, bar: "tqdm[Any]", stopped: threading.Event) -> "trt.IProgressMonitor":
    """Return a monitor that moves ``bar`` by the steps of all phases, and ends the build once ``stopped`` is set."""
    lock = threading.Lock()  # the library calls from threads of its own
    left: dict[str, int] = {}  # a phase may end before its last step

    class Monitor(module.IProgressMonitor):  # type: ignore[misc]  # the base is Any
        def __init__(self) -> None:
            module.IProgressMonitor.__init__(self)

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

    monitor: trt.IProgressMonitor = Monitor()
    return monitor
