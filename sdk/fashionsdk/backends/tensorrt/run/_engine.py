"""An engine in the device's memory, and all that is shared by the workers that run it."""

from typing import TYPE_CHECKING

from fashionsdk.backends.engines import build_command, read_engine
from fashionsdk.backends.tensorrt.device import CudaDevice
from fashionsdk.backends.tensorrt.library import Library
from fashionsdk.backends.tensorrt.run._context_maker import ContextMaker
from fashionsdk.backends.tensorrt.run._engine_signature import check_batches, check_tensors, describe, tensor_shapes
from fashionsdk.backends.tensorrt.run._kernel_cache import kernel_path
from fashionsdk.bundle import Bundle, EngineInfo
from fashionsdk.errors import BackendError

if TYPE_CHECKING:
    import tensorrt as trt


class Engine:
    """A loaded engine.

    Attributes:
        library: the library that runs it.
        device: the device that holds it.
        info: its entry in the manifest.
        shapes: each tensor's shape without the batch.
        scratch_bytes: the device memory that an execution context needs for the largest batch.

    Raises:
        BackendError: the library rejects it, for example for lack of memory.
        BundleError: it is not what the manifest says.
    """

    def __init__(self, bundle: Bundle, info: EngineInfo, library: Library, device: CudaDevice) -> None:
        self.library, self.device, self.info = library, device, info
        self.shapes = tensor_shapes(bundle)
        self._runtime: trt.Runtime | None = None
        self._engine: trt.ICudaEngine | None = None
        self._maker: ContextMaker | None = None
        data = read_engine(bundle, info)
        with device:
            try:
                self._load(bundle, data)
            except BaseException:
                self._drop()
                raise

    def _load(self, bundle: Bundle, data: bytes) -> None:
        kernels = kernel_path(bundle.manifest.files[self.info.file].sha256, self.device.name)
        try:
            self._runtime = self.library.start(self.library.module.Runtime)
            self._engine = self.library.deserialize(self._runtime, data)
            self._maker = ContextMaker(self.library, self._engine)
            self._maker.start(kernels)
            self.scratch_bytes = self._engine.device_memory_size_v2
            tensors, batches = describe(self._engine)
        except BackendError as error:
            command = build_command(bundle, self.library.kind, self.info.precision, self.device.capability)
            raise BackendError(
                f"{bundle.path / self.info.file}: {error}; if the GPU's memory is short, free some, or else build it "
                f"again: {command}"
            ) from error
        check_tensors(bundle, tensors)
        check_batches(bundle, self.info, batches)

    def new_context(self) -> "trt.IExecutionContext":
        """Return an execution context without memory. The device must be current.

        Raises:
            BackendError: the library returns none.
        """
        assert self._maker is not None
        return self._maker.make()

    def close(self) -> None:
        """Free the engine, after its execution contexts."""
        with self.device:
            try:
                assert self._maker is not None
                self._maker.save()
            finally:
                self._drop()

    def _drop(self) -> None:
        if self._maker is not None:
            self._maker.close()
        self._maker = None
        self._engine = None
        self._runtime = None  # in this order
