"""The calls of the CUDA driver that deal with graphs, over a simulated device, with the C prototypes of ``cuda.h``."""

import ctypes
import threading
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_uint64, c_void_p
from types import SimpleNamespace
from typing import Any

from tests.sdk.simulated_gpu.cuda import Cuda, Work

_FAILED, _SPOILT = 1, 901
_THREAD_LOCAL = 1
_OUT = POINTER(c_void_p)


class Graphs:
    """Records what is put on a stream, and puts it there again."""

    def __init__(self, cuda: Cuda) -> None:
        self.cuda = cuda
        self._graphs: dict[int, list[Work]] = {}
        self._executables: dict[int, list[Work]] = {}

    def library(self) -> Any:
        """Return what to put in place of ``libcuda.so.1``."""
        return SimpleNamespace(
            cuStreamBeginCapture_v2=CFUNCTYPE(c_int, c_void_p, c_int)(self._guard(self._begin)),
            cuStreamEndCapture=CFUNCTYPE(c_int, c_void_p, _OUT)(self._guard(self._end)),
            cuGraphInstantiateWithFlags=CFUNCTYPE(c_int, _OUT, c_void_p, c_uint64)(self._guard(self._instantiate)),
            cuGraphLaunch=CFUNCTYPE(c_int, c_void_p, c_void_p)(self._guard(self._launch)),
            cuGraphExecDestroy=CFUNCTYPE(c_int, c_void_p)(self._guard(self._destroy_executable)),
            cuGraphDestroy=CFUNCTYPE(c_int, c_void_p)(self._guard(self._destroy_graph)),
            cuGetErrorString=CFUNCTYPE(c_int, c_int, POINTER(c_char_p))(self._error_string),
        )

    def _guard(self, function: Callable[..., int]) -> Callable[..., int]:
        def call(*arguments: Any) -> int:
            try:
                with self.cuda.lock:
                    return function(*arguments, self.cuda.step(function.__name__.strip("_")))
            except AssertionError:  # it is in ``broken``, and cannot pass through C
                return _FAILED

        return call

    def _begin(self, stream: int, mode: int, fails: bool) -> int:
        queue = self.cuda.queues[stream]
        self.cuda.rule(queue.recording is None, "a recording in a recording")
        self.cuda.rule(mode == _THREAD_LOCAL, "a recording that forbids other threads to allocate")
        if fails:
            return _FAILED
        queue.recording, queue.recorder, queue.spoilt = [], threading.get_ident(), False
        return 0

    def _end(self, stream: int, out: Any, fails: bool) -> int:
        queue = self.cuda.queues[stream]
        self.cuda.rule(queue.recording is not None, "the end of a recording that was not begun")
        work, spoilt = queue.recording or [], queue.spoilt
        queue.recording, queue.recorder, queue.spoilt = None, None, False
        if fails or spoilt:
            out[0] = c_void_p(None)
            return _SPOILT
        out[0] = c_void_p(self._new(self._graphs, "graph", work))
        return 0

    def _instantiate(self, out: Any, graph: int, flags: int, fails: bool) -> int:
        if fails:
            return _FAILED
        out[0] = c_void_p(self._new(self._executables, "executable graph", self._graphs[graph]))
        return 0

    def _launch(self, executable: int, stream: int, fails: bool) -> int:
        self.cuda.rule(executable in self._executables, "a graph is launched that was destroyed")
        for work in () if fails else self._executables[executable]:
            self.cuda.put(self.cuda.queues[stream], work)
        return _FAILED if fails else 0

    def _destroy_executable(self, executable: int, fails: bool) -> int:
        pending = [work for queue in self.cuda.queues.values() for work in queue.work]
        self.cuda.rule(executable in self._executables, "a graph is destroyed twice")
        for work in self._executables.pop(executable):
            self.cuda.rule(work not in pending, "a graph is destroyed while it runs")
        self.cuda.other["executable graph"] -= 1
        return _FAILED if fails else 0

    def _destroy_graph(self, graph: int, fails: bool) -> int:
        del self._graphs[graph]
        self.cuda.other["graph"] -= 1
        return _FAILED if fails else 0

    def _new(self, place: dict[int, list[Work]], what: str, work: list[Work]) -> int:
        handle = self.cuda.new_handle()
        place[handle] = work
        self.cuda.add(what)
        return handle

    @staticmethod
    def _error_string(status: int, text: "ctypes._Pointer[c_char_p]") -> int:
        text[0] = c_char_p(b"a test")
        return 0
