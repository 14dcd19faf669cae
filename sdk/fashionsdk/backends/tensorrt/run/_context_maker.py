"""Makes the execution contexts of an engine."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashionsdk.backends.tensorrt.library import Library
from fashionsdk.backends.tensorrt.run._kernel_cache import KernelFile
from fashionsdk.errors import BackendError

if TYPE_CHECKING:
    import tensorrt as trt


class ContextMaker:
    """Makes execution contexts that own no memory. The device must be current for every call.

    An engine lives as long as a reference to it. So this drops its references when it is closed, and no frame in the
    traceback of an error holds one.

    Args:
        library: the engine's.
        engine: the engine.
    """

    def __init__(self, library: Library, engine: "trt.ICudaEngine") -> None:
        self._library = library
        self._engine: trt.ICudaEngine | None = engine
        self._kernels: KernelFile | None = None
        # TensorRT for RTX expects another type here, which TensorRT's stubs do not know.
        self._settings: Any = library.module.ExecutionContextAllocationStrategy.USER_MANAGED

    def start(self, kernels: Path | None) -> None:
        """Prepare what the contexts share.

        Args:
            kernels: the file for the kernels that TensorRT for RTX compiles for this engine and GPU.

        Raises:
            BackendError: the library returns no settings for contexts.
        """
        if not self._library.is_rtx:
            return
        engine: Any = self._engine
        managed, self._settings = self._settings, engine.create_runtime_config()
        del engine
        cache = None if self._settings is None else self._settings.create_runtime_cache()
        if cache is None:
            raise BackendError(f"{self._library.name} has no settings: {self._library.log.last_errors()}")
        self._kernels = KernelFile(cache, kernels)  # holds the cache, which the settings only point to
        self._settings.set_execution_context_allocation_strategy(managed)
        self._settings.cuda_graph_strategy = self._library.rtx.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        self._settings.set_runtime_cache(cache)  # a kernel is compiled once for all contexts

    def make(self) -> "trt.IExecutionContext":
        """Return a new context.

        Raises:
            BackendError: the library returns none.
        """
        assert self._engine is not None
        context = self._engine.create_execution_context(self._settings)
        if context is None:
            raise BackendError(f"{self._library.name} makes no execution context: {self._library.log.last_errors()}")
        return context

    def save(self) -> None:
        """Save the kernels, for the next process."""
        if self._kernels is not None:
            self._kernels.save()

    def close(self) -> None:
        """Free what the contexts shared, after the contexts themselves."""
        self._settings = None
        self._kernels = None
        self._engine = None
