"""Open an engine of a bundle, or say why none runs here."""

from fashionsdk.backends._backend import BackendInfo
from fashionsdk.backends.engines import choose_engine, engines_of
from fashionsdk.backends.tensorrt._tensorrt import TensorRtBackend
from fashionsdk.backends.tensorrt.device import CudaDevice, cuda_device
from fashionsdk.backends.tensorrt.library import Library, load_library
from fashionsdk.backends.tensorrt.run import Engine
from fashionsdk.bundle import Bundle, EngineInfo, EngineKind
from fashionsdk.errors import BackendError

_WORKERS = 2  # one copies while the other computes


def open_engine(bundle: Bundle, kind: EngineKind, number: int, precision: str | None, reason: str) -> TensorRtBackend:
    """Load an engine of the bundle and make it ready to run.

    Args:
        bundle: the bundle.
        kind: which library's engine.
        number: which CUDA device.
        precision: of the graph that it was built from; ``None`` for the bundle's first engine that fits this library
            version and GPU.
        reason: goes into the backend's ``info``.

    Raises:
        BackendError: the library, the driver or the device is missing, no engine fits them, or it does not start.
        BundleError: the engine is not what the manifest says.
    """
    library, device, engine = _find(bundle, kind, number, precision)
    info = BackendInfo(f"{kind} {library.version}", f"cuda:{number}", engine.precision, reason)
    try:
        return TensorRtBackend(bundle.manifest, Engine(bundle, engine, library, device), info, _WORKERS)
    except device.driver.Error as error:
        raise BackendError(f"{info} does not start: {error}; check the driver with nvidia-smi") from error


def _find(
    bundle: Bundle, kind: EngineKind, number: int, precision: str | None
) -> tuple[Library, CudaDevice, EngineInfo]:
    """Find the library, device and engine; cheap checks come first: no library is imported without engine or driver."""
    engines_of(bundle, kind, precision)
    device = cuda_device(number, kind)
    library = load_library(kind)
    return library, device, choose_engine(bundle, kind, precision, library.version, device.capability)
