"""Memory for one tensor, on the host and on the device."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends.tensorrt.device._streams import Stream


class Buffer:
    """Pinned host memory and device memory of the same size. The device must be current for every call.

    Attributes:
        host: the pinned memory; return copies of it, never views.
        device: the device memory; ``int(device)`` is its address.
    """

    def __init__(self, driver: Any, shape: tuple[int, ...], kind: np.dtype[Any]) -> None:
        self.host: NDArray[Any] = driver.pagelocked_empty(shape, kind)
        try:
            self.device = driver.mem_alloc(self.host.nbytes)
        except BaseException:
            self._free_host()
            raise

    def upload(self, count: int, stream: Stream) -> None:
        """Start to copy the first rows to the device."""
        stream.upload(self.device, self.host[:count])

    def download(self, count: int, stream: Stream) -> None:
        """Start to copy the first rows from the device."""
        stream.download(self.host[:count], self.device)

    def close(self) -> None:
        """Free both; no copy may run."""
        try:
            self.device.free()
        finally:
            self._free_host()

    def _free_host(self) -> None:
        allocation: Any = self.host.base
        self.host = np.empty(0, self.host.dtype)  # leave no view of freed memory
        allocation.free()
