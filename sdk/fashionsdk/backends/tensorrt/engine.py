"""An engine in the device's memory, and all that is shared by the workers that run it."""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from fashionsdk.backends.tensorrt.choice import build_command
from fashionsdk.backends.tensorrt.cuda import CudaDevice
from fashionsdk.backends.tensorrt.library import Library
from fashionsdk.backends.tensorrt.signature import check_engine, tensor_shapes
from fashionsdk.bundle import Bundle
from fashionsdk.bundle.manifest import EngineInfo
from fashionsdk.errors import BackendError, BundleError

if TYPE_CHECKING:
    import tensorrt as trt


class Engine:
    """An engine, loaded.

    Attributes:
        library: what runs it.
        device: where it is.
        info: what the manifest says about it.
        shapes: each tensor's shape without the batch.
        scratch_bytes: the device memory that an execution context needs for the largest batch.

    Raises:
        BackendError: the library does not accept it, for example for lack of memory.
        BundleError: it is not what the manifest says.
    """

    def __init__(self, bundle: Bundle, info: EngineInfo, library: Library, device: CudaDevice) -> None:
        self.library, self.device, self.info = library, device, info
        self.shapes = tensor_shapes(bundle)
        data = read_engine(bundle, info)
        with device:
            self._runtime, self._engine = self._deserialize(data, bundle)
            check_engine(bundle, info, self._engine)
            self._make_context: Callable[[], trt.IExecutionContext] = library.context_maker(self._engine)
            self.scratch_bytes = self._engine.device_memory_size_v2

    def _deserialize(self, data: bytes, bundle: Bundle) -> "tuple[trt.Runtime, trt.ICudaEngine]":
        try:
            return self.library.deserialize(data)
        except BackendError as error:
            command = build_command(bundle, self.library.kind, self.info.precision, self.device.capability)
            raise BackendError(
                f"{bundle.path / self.info.file}: {error}; if the GPU's memory is short, free some, or else build it "
                f"again: {command}"
            ) from error

    def new_context(self) -> "trt.IExecutionContext":
        """Return an execution context without memory; to be called with the device current.

        Raises:
            BackendError: the library makes none.
        """
        context = self._make_context()
        if context is None:
            raise BackendError(f"{self.library.kind} makes no execution context: {self.library.last_errors()}")
        return context

    def close(self) -> None:
        """Free the engine; its execution contexts must be gone."""
        with self.device:
            del self._make_context, self._engine, self._runtime  # in this order


def read_engine(bundle: Bundle, info: EngineInfo) -> bytes:
    """Read an engine's file and compare its SHA-256, even if the bundle was opened without that.

    An engine is a program for the GPU, and the library trusts what it loads.

    Raises:
        BundleError: the file cannot be read or is not the one that the manifest lists.
    """
    path, expected = bundle.path / info.file, bundle.manifest.files[info.file]
    try:
        with path.open("rb") as file:
            data = file.read(expected.size + 1)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error}; copy or export the bundle again") from error
    if (found := hashlib.sha256(data).hexdigest()) != expected.sha256:
        raise BundleError(
            f"{path} has the SHA-256 {found}; expected {expected.sha256}: "
            "the file is damaged or was changed; copy the bundle or build the engine again"
        )
    return data
