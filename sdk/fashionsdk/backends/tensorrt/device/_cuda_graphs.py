"""CUDA graphs: record a stream's work and replay it with one call. pycuda lacks them, so ctypes calls the driver."""

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_int, c_uint64, c_void_p
from typing import Any

from fashionsdk.backends.cuda import CudaDriver

_HANDLE_OUT = POINTER(c_void_p)
_PROTOTYPES: dict[str, tuple[Any, ...]] = {
    "cuStreamBeginCapture_v2": (c_void_p, c_int),  # stream, mode
    "cuStreamEndCapture": (c_void_p, _HANDLE_OUT),  # stream, graph
    "cuGraphInstantiateWithFlags": (_HANDLE_OUT, c_void_p, c_uint64),  # executable, graph, flags
    "cuGraphLaunch": (c_void_p, c_void_p),  # executable, stream
    "cuGraphExecDestroy": (c_void_p,),
    "cuGraphDestroy": (c_void_p,),
}
# Forbids in this thread what cannot be recorded, and lets other threads allocate meanwhile.
_CAPTURE_MODE_THREAD_LOCAL = 1


class GraphDriver:
    """The CUDA driver's calls for graphs.

    Args:
        library: the driver's library, ``None`` for the installed one.

    Raises:
        CudaDriverError: the library or one of the calls is missing.
    """

    def __init__(self, library: Any = None) -> None:
        self._driver = CudaDriver(_PROTOTYPES, library)

    def record(self, stream: int, enqueue: Callable[[], None]) -> "CudaGraph":
        """Record what ``enqueue`` puts on the stream, without running it.

        Raises:
            CudaDriverError: ``enqueue`` does something that cannot be recorded; the stream is usable again.
        """
        graph, executable = c_void_p(), c_void_p()
        self._driver.call("cuStreamBeginCapture_v2", stream, _CAPTURE_MODE_THREAD_LOCAL)
        try:
            try:
                enqueue()
            finally:  # or the stream would go on recording
                self._driver.call("cuStreamEndCapture", stream, ctypes.byref(graph))
            self._driver.call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, 0)
        finally:
            if graph:
                self._driver.library.cuGraphDestroy(graph)  # an error is ignored: the executable is complete
        return CudaGraph(self._driver, executable)


class CudaGraph:
    """A recorded graph, ready to be launched; get one from `GraphDriver.record`."""

    def __init__(self, driver: CudaDriver, executable: c_void_p) -> None:
        self._driver = driver
        self._executable = executable

    def launch(self, stream: int) -> None:
        """Put the recorded work on a stream.

        Raises:
            CudaDriverError: the driver returns an error.
        """
        self._driver.call("cuGraphLaunch", self._executable, stream)

    def close(self) -> None:
        """Free the graph, after its work is done. Closing twice does nothing."""
        executable, self._executable = self._executable, c_void_p()
        if executable:
            self._driver.call("cuGraphExecDestroy", executable)
