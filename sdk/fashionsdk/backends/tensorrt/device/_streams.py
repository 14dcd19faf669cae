"""A CUDA stream."""

from typing import Any

from numpy.typing import NDArray

_NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING: do not wait for what other libraries do on the default stream


class Stream:
    """A stream and the event that tells when it is done; with the device current throughout.

    pycuda frees both with the last reference to them, and in vain if the device is not current at that moment. So they
    are kept here: no frame in the traceback of an error may hold one, since it would live as long as the error.

    Attributes:
        handle: the stream's address.
    """

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._stream = driver.Stream(_NON_BLOCKING)
        self.handle: int = self._stream.handle
        # The thread that waits sleeps, and leaves the CPU to those that decode the next photos.
        flags = driver.event_flags.BLOCKING_SYNC | driver.event_flags.DISABLE_TIMING
        try:
            self._done = driver.Event(flags)
        except BaseException:
            self._stream = None
            raise

    def upload(self, device: Any, host: NDArray[Any]) -> None:
        """Start to copy pinned memory to the device."""
        self._driver.memcpy_htod_async(device, host, self._stream)

    def download(self, host: NDArray[Any], device: Any) -> None:
        """Start to copy from the device to pinned memory."""
        self._driver.memcpy_dtoh_async(host, device, self._stream)

    def finish(self) -> None:
        """Sleep until all that was put on the stream is done."""
        self._done.record(self._stream)
        self._done.synchronize()

    def synchronize(self) -> None:
        """Wait until all that was put on the stream is done, whatever state the event is in."""
        self._stream.synchronize()

    def close(self) -> None:
        """Free both."""
        self._done = self._stream = None
