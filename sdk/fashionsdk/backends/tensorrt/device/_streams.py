"""A CUDA stream."""

from typing import Any

from numpy.typing import NDArray

_NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING: do not wait for other libraries' work on the default stream


class Stream:
    """A stream and the event that marks its end. The device must be current for every call.

    pycuda frees both with the last reference to them, and they leak if the device is not current then. So only this
    object refers to them: a frame in the traceback of an error would hold one as long as the error lives.

    Attributes:
        handle: the stream's address.
    """

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._stream = driver.Stream(_NON_BLOCKING)
        self.handle: int = self._stream.handle
        # A waiting thread sleeps, which leaves the CPU to the threads that decode the next photos.
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
        """Sleep until all work on the stream is done."""
        self._done.record(self._stream)
        self._done.synchronize()

    def synchronize(self) -> None:
        """Wait until all work on the stream is done, without using the event."""
        self._stream.synchronize()

    def close(self) -> None:
        """Free both."""
        self._done = self._stream = None
