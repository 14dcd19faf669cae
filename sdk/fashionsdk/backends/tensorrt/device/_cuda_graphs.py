"""CUDA graphs: record a stream's work and replay it with one call. pycuda lacks them, so ctypes calls the driver."""

import ctypes
import sys
from collections.abc import Callable
from ctypes import POINTER, c_char_p, c_int, c_uint64, c_void_p
from typing import Any

_HANDLE_OUT = POINTER(c_void_p)
_PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "cuStreamBeginCapture_v2": (c_void_p, c_int),  # stream, mode
    "cuStreamEndCapture": (c_void_p, _HANDLE_OUT),  # stream, graph
    "cuGraphInstantiateWithFlags": (_HANDLE_OUT, c_void_p, c_uint64),  # executable, graph, flags
    "cuGraphLaunch": (c_void_p, c_void_p),  # executable, stream
    "cuGraphExecDestroy": (c_void_p,),
    "cuGraphDestroy": (c_void_p,),
    "cuGetErrorString": (c_int, POINTER(c_char_p)),
}
# Forbids in this thread what cannot be recorded, and lets other threads allocate meanwhile.
_CAPTURE_MODE_THREAD_LOCAL = 1


class CudaGraphError(Exception):
    """A call of the CUDA driver failed."""


class GraphDriver:
    """The CUDA driver's calls for graphs.

    Args:
        library: the driver's library, ``None`` for the installed one.

    Raises:
        CudaGraphError: the library or one of the calls is missing.
    """

    def __init__(self, library: Any = None) -> None:
        try:
            self._library = library or ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
            for name, arguments in _PROTOTYPES.items():
                function = getattr(self._library, name)
                function.argtypes, function.restype = arguments, c_int
        except (OSError, AttributeError) as error:
            raise CudaGraphError(f"the CUDA driver cannot be called: {error}; CUDA 11.4 or later is needed") from error

    def record(self, stream: int, enqueue: Callable[[], None]) -> "CudaGraph":
        """Record what ``enqueue`` puts on the stream, without running it.

        Raises:
            CudaGraphError: ``enqueue`` does something that cannot be recorded; the stream is usable again.
        """
        graph, executable = c_void_p(), c_void_p()
        self.call("cuStreamBeginCapture_v2", stream, _CAPTURE_MODE_THREAD_LOCAL)
        try:
            try:
                enqueue()
            finally:  # or the stream would go on recording
                self.call("cuStreamEndCapture", stream, ctypes.byref(graph))
            self.call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, 0)
        finally:
            if graph:
                self._library.cuGraphDestroy(graph)  # an error is ignored: the executable is complete
        return CudaGraph(self, executable)

    def call(self, name: str, *arguments: Any) -> None:
        """Call the driver.

        Raises:
            CudaGraphError: the driver returns an error.
        """
        if status := getattr(self._library, name)(*arguments):
            text = c_char_p()
            self._library.cuGetErrorString(status, ctypes.byref(text))
            raise CudaGraphError(f"{name} failed: {(text.value or b'unknown error').decode()} ({status})")


class CudaGraph:
    """A recorded graph, ready to be launched; get one from `GraphDriver.record`."""

    def __init__(self, driver: GraphDriver, executable: c_void_p) -> None:
        self._driver = driver
        self._executable = executable

    def launch(self, stream: int) -> None:
        """Put the recorded work on a stream.

        Raises:
            CudaGraphError: the driver returns an error.
        """
        self._driver.call("cuGraphLaunch", self._executable, stream)

    def close(self) -> None:
        """Free the graph, after its work is done. Closing twice does nothing."""
        executable, self._executable = self._executable, c_void_p()
        if executable:
            self._driver.call("cuGraphExecDestroy", executable)
