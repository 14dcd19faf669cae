"""Closing a backend: running calls end, memory is freed, a later call is an error that says what to do."""

import itertools
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import onnxruntime
import pytest

from fashionsdk.backends import Backend, BackendInfo, SharedResource, open_backend
from fashionsdk.backends._per_process import cuda_after_fork
from fashionsdk.backends._signature import output_shapes
from fashionsdk.backends.cuda import HostMemory
from fashionsdk.backends.onnxruntime._binding import BoundSession
from fashionsdk.backends.onnxruntime._onnxruntime import OnnxRuntimeBackend
from fashionsdk.bundle import Bundle
from tests.sdk.backends.cuda.driver_on_the_host import DriverOnTheHost

TIMEOUT = 20  # seconds; nothing here waits that long unless it hangs

Open = Callable[[Bundle], Backend]


def open_bound(bundle: Bundle) -> Backend:
    """Open ONNX Runtime as on CUDA, but on the CPU."""
    session = onnxruntime.InferenceSession(str(bundle.graph_path()), providers=["CPUExecutionProvider"])
    memory, shapes = HostMemory(0, DriverOnTheHost().library), output_shapes(bundle.manifest)
    bound = BoundSession(onnxruntime, session, ("cpu", 0), shapes, memory, graphs=True)
    info = BackendInfo("onnxruntime 1.0", "cpu", "fp32", "a test")
    return OnnxRuntimeBackend(bundle, bound, info, partial(cuda_after_fork, info))


OPENERS: dict[str, Open] = {
    "onnxruntime": partial(open_backend, device="cpu", runtime="onnxruntime"),
    "onnxruntime with binding": open_bound,
    "openvino": partial(open_backend, device="cpu", runtime="openvino"),
}


@pytest.fixture(params=OPENERS)
def open_one(request: pytest.FixtureRequest) -> Open:
    return OPENERS[str(request.param)]


def random_images(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


def test_a_closed_backend_says_so_and_a_second_close_does_nothing(bundle: Bundle, open_one: Open):
    backend = open_one(bundle)
    backend.run(random_images(3))
    assert not backend.closed
    backend.close()
    backend.close()
    assert backend.closed
    name = backend.info.runtime.split()[0]
    with pytest.raises(ValueError, match=f"this {name} backend is closed; open the bundle again"):
        backend.run(random_images(3))
    with pytest.raises(ValueError, match="closed"), backend:
        pass
    assert backend.info.device == "cpu"  # what it was is still known


def test_with_closes_at_the_end_of_the_block_after_an_error_too(bundle: Bundle, open_one: Open):
    with open_one(bundle) as backend:
        assert backend.run(random_images(1))[0].shape[0] == 1
    assert backend.closed
    with pytest.raises(KeyError, match="a test"), open_one(bundle) as backend:
        raise KeyError("a test")
    assert backend.closed


def test_answers_outlive_the_backend(bundle: Bundle, open_one: Open):
    with open_one(bundle) as backend:
        first = backend.run(random_images(5), attention=True)
    with open_one(bundle) as backend:
        again = backend.run(random_images(5), attention=True)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))  # type: ignore[arg-type]


def test_closing_frees_the_session_whoever_still_holds_the_backend(bundle: Bundle):
    bound = open_bound(bundle)
    plain = OPENERS["onnxruntime"](bundle)
    openvino = OPENERS["openvino"](bundle)
    bound_session = bound._session.get()  # type: ignore[attr-defined]
    held = [bound_session._batches._session, plain._session.get(), openvino._request.get()._request]  # type: ignore[attr-defined]
    sessions = [weakref.ref(session) for session in held]
    del held, bound_session
    for backend in (bound, plain, openvino):
        backend.run(random_images(2))
        backend.close()
    assert [session() for session in sessions] == [None] * 3


def test_calls_that_run_in_other_threads_end_before_close_returns(bundle: Bundle, open_one: Open):
    batches = [random_images(count) for count in range(1, 6)]
    with open_one(bundle) as backend:
        expected = [backend.run(images)[0] for images in batches]
    for _ in range(5):
        backend = open_one(bundle)
        started = threading.Barrier(4)

        def run(backend: Backend = backend, started: threading.Barrier = started) -> None:
            started.wait(TIMEOUT)
            with pytest.raises(ValueError, match="backend is closed"):  # noqa: PT012
                for number in itertools.cycle(range(5)):
                    found = backend.run(batches[number])[0]
                    assert np.array_equal(found, expected[number])

        with ThreadPoolExecutor(3) as threads:
            calls = [threads.submit(run) for _ in range(3)]
            started.wait(TIMEOUT)
            backend.close()
            for call in calls:
                call.result(TIMEOUT)


class Counted(SharedResource):
    """Frees only when nothing uses it."""

    def __init__(self) -> None:
        super().__init__("this thing")
        self.users = self.freed = 0

    def use(self, inside: threading.Event, leave: threading.Event, timeout: float = TIMEOUT) -> None:
        with self._in_use():
            self.users += 1
            inside.set()
            left = leave.wait(timeout)
            self.users -= 1
            assert left

    def _free(self) -> None:
        assert self.users == 0
        self.freed += 1


def test_close_waits_for_a_running_call_while_new_calls_are_errors():
    thing, inside, leave = Counted(), threading.Event(), threading.Event()
    with ThreadPoolExecutor(3) as threads:
        call = threads.submit(thing.use, inside, leave)
        assert inside.wait(TIMEOUT)
        closing = [threads.submit(thing.close) for _ in range(2)]
        while not thing.closed:
            pass
        with pytest.raises(ValueError, match="this thing is closed; open it again"):
            thing.use(inside, leave)
        assert (thing.freed, [one.done() for one in closing]) == (0, [False, False])
        leave.set()
        for done in (call, *closing):
            done.result(TIMEOUT)
    assert thing.freed == 1


def test_a_call_that_fails_does_not_keep_it_open():
    thing = Counted()
    with pytest.raises(AssertionError):
        thing.use(threading.Event(), threading.Event(), timeout=0)
    thing.close()
    assert thing.freed == 1


SIGNAL = """
import signal, sys
from fashionsdk.backends import open_backend
from fashionsdk.bundle import Bundle
from tests.sdk.backends.cuda.driver_on_the_host import DriverOnTheHost

bundle = Bundle.open(sys.argv[1])
for _ in range(3):
    first, second = (open_backend(bundle, "cpu", runtime=sys.argv[2]) for _ in range(2))
    first.close()
    del first
    second.close()
    del second
signal.signal(signal.SIGTERM, lambda *_: print("handled"))
signal.raise_signal(signal.SIGTERM)
"""


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_signals_are_handled_after_backends_were_closed_in_any_order(runtime: str, bundle: Bundle):
    command = [sys.executable, "-c", SIGNAL, str(bundle.path), runtime]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "handled\n"), ended.stderr
