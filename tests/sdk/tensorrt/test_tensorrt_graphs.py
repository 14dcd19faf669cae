"""CUDA graphs through ctypes, against functions with the C prototypes of the driver."""

import ctypes
from collections.abc import Callable, Iterator
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_uint64, c_void_p
from types import SimpleNamespace

import pytest

from fashionsdk.backends.cuda import CudaDriverError
from fashionsdk.backends.tensorrt.device._cuda_graphs import GraphDriver

HANDLE = 0x7F12_3456_789A  # more than 32 bits, which a wrong prototype would cut off


class Driver:
    """Functions with the C prototypes of ``cuda.h``, that record the arguments they receive through ctypes."""

    def __init__(self, **answers: int) -> None:
        self.calls: list[tuple[object, ...]] = []
        self._answers = answers
        out = POINTER(c_void_p)
        self.library = SimpleNamespace(
            cuStreamBeginCapture_v2=CFUNCTYPE(c_int, c_void_p, c_int)(self._note("begin")),
            cuStreamEndCapture=CFUNCTYPE(c_int, c_void_p, out)(self._end),
            cuGraphInstantiateWithFlags=CFUNCTYPE(c_int, out, c_void_p, c_uint64)(self._instantiate),
            cuGraphLaunch=CFUNCTYPE(c_int, c_void_p, c_void_p)(self._note("launch")),
            cuGraphExecDestroy=CFUNCTYPE(c_int, c_void_p)(self._note("destroy executable")),
            cuGraphDestroy=CFUNCTYPE(c_int, c_void_p)(self._note("destroy graph")),
            cuGetErrorString=CFUNCTYPE(c_int, c_int, POINTER(c_char_p))(self._error_string),
        )

    def _note(self, name: str) -> Callable[..., int]:
        def call(*arguments: int) -> int:
            self.calls.append((name, *arguments))
            return self._answers.get(name.split()[0], 0)

        return call

    def _end(self, stream: int, graph: "ctypes._Pointer[c_void_p]") -> int:
        graph[0] = c_void_p(None if "end" in self._answers else HANDLE + 1)
        self.calls.append(("end", stream))
        return self._answers.get("end", 0)

    def _instantiate(self, executable: "ctypes._Pointer[c_void_p]", graph: int, flags: int) -> int:
        executable[0] = c_void_p(HANDLE + 2)
        self.calls.append(("instantiate", graph, flags))
        return self._answers.get("instantiate", 0)

    @staticmethod
    def _error_string(status: int, text: "ctypes._Pointer[c_char_p]") -> int:
        text[0] = c_char_p(b"operation not permitted" if status == 900 else None)
        return 0


def test_a_graph_is_recorded_launched_and_freed_through_the_c_prototypes():
    driver = Driver()
    graph = GraphDriver(driver.library).record(HANDLE, lambda: driver.calls.append(("enqueue",)))
    graph.launch(HANDLE)
    graph.close()
    graph.close()
    assert driver.calls == [
        ("begin", HANDLE, 1),
        ("enqueue",),
        ("end", HANDLE),
        ("instantiate", HANDLE + 1, 0),
        ("destroy graph", HANDLE + 1),
        ("launch", HANDLE + 2, HANDLE),
        ("destroy executable", HANDLE + 2),
    ]


@pytest.mark.parametrize(
    ("answers", "last"),
    [
        ({"begin": 900}, ("begin", HANDLE, 1)),
        ({"end": 900}, ("end", HANDLE)),
        ({"instantiate": 900}, ("destroy graph", HANDLE + 1)),
    ],
)
def test_a_recording_that_fails_says_what_the_driver_says_and_leaves_nothing(
    answers: dict[str, int], last: tuple[object, ...]
):
    driver = Driver(**answers)
    with pytest.raises(CudaDriverError, match=r"failed: operation not permitted \(900\)"):
        GraphDriver(driver.library).record(HANDLE, lambda: None)
    assert driver.calls[-1] == last


def test_an_error_while_recording_ends_the_recording_and_frees_the_graph():
    driver = Driver()

    def enqueue() -> None:
        raise KeyError("a test")

    with pytest.raises(KeyError, match="a test"):
        GraphDriver(driver.library).record(HANDLE, enqueue)
    assert driver.calls == [("begin", HANDLE, 1), ("end", HANDLE), ("destroy graph", HANDLE + 1)]


def test_an_error_without_a_description_still_has_its_number():
    driver = Driver(launch=12345)
    graph = GraphDriver(driver.library).record(HANDLE, lambda: None)
    with pytest.raises(CudaDriverError, match=r"cuGraphLaunch failed: unknown error \(12345\)"):
        graph.launch(HANDLE)


def test_a_driver_without_graphs_is_an_error():
    with pytest.raises(CudaDriverError, match=r"cuStreamBeginCapture_v2.*CUDA 11.4 or later"):
        GraphDriver(SimpleNamespace())


def libraries() -> Iterator[str]:
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        yield name


@pytest.mark.skipif(any(libraries()), reason="has a CUDA driver")
def test_without_a_cuda_driver_the_error_says_so():
    with pytest.raises(CudaDriverError, match="the CUDA driver cannot be called"):
        GraphDriver()
