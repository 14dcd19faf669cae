"""A CUDA device and its primary context, the one that torch and ONNX Runtime use as well."""

from types import TracebackType
from typing import Any

from fashionsdk._tools.after_fork import RenewedLock, keep_forever, renew_after_fork
from fashionsdk.backends._per_process import cuda_after_fork
from fashionsdk.backends._registry import RUNTIMES
from fashionsdk.bundle import EngineKind
from fashionsdk.errors import BackendError

_devices: "dict[int, CudaDevice]" = {}
_lock = RenewedLock()


class CudaDevice:
    """A device; ``with device:`` makes its primary context current in this thread, and may be nested.

    Memory that pycuda allocates must be freed inside such a block too. Elsewhere it would leak, in any thread but the
    one that opened the device.

    Attributes:
        driver: the module ``pycuda.driver``.
        number: which device.
        name: such as ``"NVIDIA L4"``.
        capability: its compute capability, such as ``"8.9"``.
        inherited: whether a parent process opened it, in which case this one, its fork, cannot use it.
    """

    def __init__(self, driver: Any, number: int) -> None:
        self.driver = driver
        self.number = number
        handle = driver.Device(number)
        self.name: str = handle.name()
        self.capability = "{}.{}".format(*handle.compute_capability())
        self.inherited = False
        self._context = handle.retain_primary_context()
        renew_after_fork(self)

    def after_fork(self) -> None:
        """Leave the device to the parent's process; see `fashionsdk._tools.after_fork`."""
        keep_forever(self)
        self.inherited = True

    def __enter__(self) -> "CudaDevice":
        self._context.push()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._context.pop()


def cuda_device(number: int, kind: EngineKind) -> CudaDevice:
    """Return a device; it is opened once, and its primary context stays until the process ends.

    Releasing the context earlier frees nothing while torch uses it too, and pycuda can do it only in the thread that
    retained it.

    Raises:
        BackendError: pycuda, the driver or the device is missing, or this process is a fork of one that opened CUDA.
    """
    driver = _import_driver(kind)
    if any(device.inherited for device in _devices.values()):
        cuda_after_fork(f"cuda:{number}")
    try:
        driver.init()
        count = driver.Device.count()
        if number >= count:
            raise BackendError(f"cuda:{number} was asked for; this machine has {count} CUDA devices, counted from 0")
        with _lock:
            if number not in _devices:
                _devices[number] = CudaDevice(driver, number)
            return _devices[number]
    except driver.Error as error:
        raise BackendError(f"cuda:{number} does not open: {error}; check the driver with nvidia-smi") from error


def _import_driver(kind: EngineKind) -> Any:
    try:
        import pycuda.driver
    except ImportError as error:
        raise BackendError(
            f"pycuda cannot be imported: {error}; {RUNTIMES[kind].installation}, "
            "and check with nvidia-smi that the NVIDIA driver is installed"
        ) from error
    return pycuda.driver
