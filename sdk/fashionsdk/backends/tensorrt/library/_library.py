"""Import ``tensorrt`` or ``tensorrt_rtx``, which have one API, for runs and builds."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from fashionsdk._tools.after_fork import RenewedLock
from fashionsdk.backends._registry import RUNTIMES
from fashionsdk.backends.tensorrt.library._api import Api
from fashionsdk.backends.tensorrt.library._library_log import Log
from fashionsdk.bundle import EngineKind
from fashionsdk.errors import BackendError

if TYPE_CHECKING:
    import tensorrt as trt

Part = TypeVar("Part")

_libraries: "dict[EngineKind, Library]" = {}
_lock = RenewedLock()


@dataclass(frozen=True)
class Library:
    """One of the two libraries, imported.

    Attributes:
        kind: which of the two.
        version: such as ``"10.13.0.35"``; an engine runs with the same version only.
        module: the module.
        log: the library's messages.
        logger: passes the messages to the log; of the library's own class.
    """

    kind: EngineKind
    version: str
    module: Api
    log: Log
    logger: "trt.ILogger"

    @property
    def name(self) -> str:
        """The library and its version, for messages."""
        return f"{self.kind} {self.version}"

    @property
    def is_rtx(self) -> bool:
        """Whether it is TensorRT for RTX, which compiles kernels and records CUDA graphs by itself while it runs."""
        return self.kind == "tensorrt-rtx"

    @property
    def rtx(self) -> Any:
        """The module, for what only TensorRT for RTX offers; it has no type stubs."""
        return self.module

    def start(self, part: "Callable[[trt.ILogger], Part]") -> "Part":
        """Return the library's runtime, which must live as long as the engines that it loads, or its builder.

        Raises:
            BackendError: the library returns nothing.
        """
        try:
            return part(self.logger)
        except TypeError as error:  # how the bindings report that the library returned nothing
            raise BackendError(f"{self.name} does not start: {self.log.last_errors()}") from error

    def deserialize(self, runtime: "trt.Runtime", data: bytes) -> "trt.ICudaEngine":
        """Load an engine.

        Raises:
            BackendError: the library rejects it.
        """
        engine = runtime.deserialize_cuda_engine(data)
        if engine is None:
            raise BackendError(f"{self.name} does not load it: {self.log.last_errors()}")
        return engine


def load_library(kind: EngineKind) -> Library:
    """Import a library, once.

    Raises:
        BackendError: the library is not installed.
    """
    with _lock:
        if kind not in _libraries:
            _libraries[kind] = _load(kind)
        return _libraries[kind]


def _load(kind: EngineKind) -> Library:
    try:
        module: Any = importlib.import_module(RUNTIMES[kind].module)
        version: str = module.__version__  # a folder of type stubs can be imported too, but has no version
        api = cast(Api, module)  # tests/sdk/tensorrt/test_tensorrt_stubs.py checks that it fits
        log = Log(f"{kind} {version}")
        return Library(kind, version, api, log, _logger(api, log))
    except (ImportError, AttributeError, OSError) as error:
        raise RUNTIMES[kind].missing(error) from error


def _logger(module: Api, log: Log) -> "trt.ILogger":
    severities = module.ILogger.Severity
    handlers = {severities.INTERNAL_ERROR: log.error, severities.ERROR: log.error, severities.WARNING: log.warning}
    if TYPE_CHECKING:
        from tensorrt import ILogger
    else:
        ILogger = module.ILogger

    class Logger(ILogger):  # type: ignore[misc]  # without stubs the base is Any
        """Passes the library's messages to the log, and prints nothing."""

        def log(self, severity: "trt.ILogger.Severity", message: str) -> None:
            """Pass a message on; the library calls from its own threads."""
            handlers.get(severity, log.remark)(message)

    return Logger()
