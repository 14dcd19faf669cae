"""The seam to the two libraries: ``tensorrt`` and ``tensorrt_rtx`` have one API, and here is where they differ."""

import importlib
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fashionsdk.bundle import EngineKind
from fashionsdk.errors import BackendError

if TYPE_CHECKING:
    import tensorrt as trt

_MODULES = {"tensorrt": "tensorrt", "tensorrt-rtx": "tensorrt_rtx"}
_KEPT_ERRORS = 8
_libraries: "dict[EngineKind, Library]" = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Library:
    """One of the two libraries, imported.

    Attributes:
        kind: which.
        version: such as ``"10.13.0.35"``, all of which an engine is tied to.
        module: the module; ``Any``, since the stubs describe objects and cannot say "one of two modules".
        errors: the latest errors that the library logged, oldest first.
        logger: where it logs.
    """

    kind: EngineKind
    version: str
    module: Any
    errors: deque[str]
    logger: "trt.ILogger"

    @property
    def records_graphs(self) -> bool:
        """Whether CUDA graphs are for us to record; TensorRT for RTX records its own as its kernels change."""
        return self.kind == "tensorrt"

    def deserialize(self, data: bytes) -> "tuple[trt.Runtime, trt.ICudaEngine]":
        """Load an engine; the runtime must live as long as it.

        Raises:
            BackendError: the library does not accept it.
        """
        runtime: trt.Runtime = self.module.Runtime(self.logger)
        engine = runtime.deserialize_cuda_engine(data)
        if engine is None:
            raise BackendError(f"{self.kind} {self.version} does not load it: {self.last_errors()}")
        return runtime, engine

    def context_maker(self, engine: "trt.ICudaEngine") -> "Callable[[], trt.IExecutionContext]":
        """Return a function that makes execution contexts without memory of their own."""
        managed = self.module.ExecutionContextAllocationStrategy.USER_MANAGED
        if self.kind == "tensorrt":
            return lambda: engine.create_execution_context(managed)
        config: Any = engine.create_runtime_config()  # these settings are TensorRT for RTX's alone
        config.set_execution_context_allocation_strategy(managed)
        config.cuda_graph_strategy = self.module.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        cache = config.create_runtime_cache()  # what one context compiled, the others need not
        config.set_runtime_cache(cache)

        def make(config: Any = config, cache: Any = cache) -> "trt.IExecutionContext":
            return engine.create_execution_context(config)

        return make  # keeps the cache, which the configuration only points to

    def last_errors(self) -> str:
        """Return the latest errors as a sentence, and forget them."""
        found = []
        with suppress(IndexError):  # another thread may take them at the same time
            while True:
                found.append(self.errors.popleft())
        # TensorRT has one logger a process: the first that anyone gave it.
        return "; ".join(found) or "the reason is in the log of the program that used it first in this process"


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
        module = importlib.import_module(_MODULES[kind])
        version: str = module.__version__  # the folder of type stubs imports as well, and has none
        errors: deque[str] = deque(maxlen=_KEPT_ERRORS)
        return Library(kind, version, module, errors, _logger(module, errors))
    except (ImportError, AttributeError, OSError) as error:
        raise BackendError(f'{kind} cannot be imported: {error}; run pip install "fashionsdk[{kind}]"') from error


def _logger(module: Any, errors: deque[str]) -> "trt.ILogger":
    serious = (module.ILogger.Severity.INTERNAL_ERROR, module.ILogger.Severity.ERROR)

    class Log(module.ILogger):  # type: ignore[misc]  # the base is Any
        """Keeps errors for our messages and prints nothing."""

        def __init__(self) -> None:
            module.ILogger.__init__(self)

        def log(self, severity: Any, message: str) -> None:
            """Keep an error."""
            if severity in serious:
                errors.append(message)

    logger: trt.ILogger = Log()
    return logger
