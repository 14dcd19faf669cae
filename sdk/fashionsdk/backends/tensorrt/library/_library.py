"""The seam to the two libraries, for runs and builds: ``tensorrt`` and ``tensorrt_rtx`` have one API."""

import importlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from fashionsdk.backends.tensorrt.library._api import Api
from fashionsdk.backends.tensorrt.library._library_log import Log
from fashionsdk.bundle import EngineKind
from fashionsdk.errors import BackendError

if TYPE_CHECKING:
    import tensorrt as trt

Part = TypeVar("Part")

_MODULES = {"tensorrt": "tensorrt", "tensorrt-rtx": "tensorrt_rtx"}
_libraries: "dict[EngineKind, Library]" = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Library:
    """One of the two libraries, imported.

    Attributes:
        kind: which.
        version: such as ``"10.13.0.35"``, all of which an engine is tied to.
        module: the module.
        log: what it says.
        logger: where it says it, as the library wants it.
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
        """The module with what TensorRT for RTX alone offers; it has no type stubs."""
        return self.module

    def start(self, part: "Callable[[trt.ILogger], Part]") -> "Part":
        """Return the library's runtime, which must live as long as the engines that it loads, or its builder.

        Raises:
            BackendError: the library makes none.
        """
        try:
            return part(self.logger)
        except TypeError as error:  # the bindings' way to say that the library returned nothing
            raise BackendError(f"{self.name} does not start: {self.log.last_errors()}") from error

    def deserialize(self, runtime: "trt.Runtime", data: bytes) -> "trt.ICudaEngine":
        """Load an engine.

        Raises:
            BackendError: the library does not accept it.
        """
        engine = runtime.deserialize_cuda_engine(data)
        if engine is None:
            raise BackendError(f"{self.name} does not load it: {self.log.last_errors()}")
        return engine


def library(kind: EngineKind) -> Library:
    """Import a library, once.

    Raises:
        BackendError: it is not installed.
    """
    with _lock:
        if kind not in _libraries:
            _libraries[kind] = _load(kind)
        return _libraries[kind]


def _load(kind: EngineKind) -> Library:
    try:
        module: Any = importlib.import_module(_MODULES[kind])
        version: str = module.__version__  # the folder of type stubs imports as well, and has none
        api = cast(Api, module)  # tests/sdk/tensorrt/test_tensorrt_stubs.py checks that tensorrt is one
        log = Log(f"{kind} {version}")
        return Library(kind, version, api, log, _logger(api, log))
    except (ImportError, AttributeError, OSError) as error:
        raise BackendError(f'{kind} cannot be imported: {error}; run pip install "fashionsdk[{kind}]"') from error


def _logger(module: Api, log: Log) -> "trt.ILogger":
    severities = module.ILogger.Severity
    tell = {severities.INTERNAL_ERROR: log.error, severities.ERROR: log.error, severities.WARNING: log.warning}
    if TYPE_CHECKING:
        from tensorrt import ILogger
    else:
        ILogger = module.ILogger

    class Logger(ILogger):  # type: ignore[misc]  # without stubs the base is Any
        """Hands what the library says to the log, and prints nothing."""

        def __init__(self) -> None:
            ILogger.__init__(self)

        def log(self, severity: "trt.ILogger.Severity", message: str) -> None:
            """Hand it over; the library calls from threads of its own."""
            tell.get(severity, log.remark)(message)

    return Logger()
