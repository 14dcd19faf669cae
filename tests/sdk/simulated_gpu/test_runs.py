"""The order of the TensorRT backend's calls, on a simulated GPU that checks the rules of a real one."""

import gc
import itertools
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import numpy as np
import pytest

from fashionsdk.backends import Backend
from fashionsdk.errors import BackendError, BundleError
from tests.sdk.simulated_gpu.cuda import Pace
from tests.sdk.simulated_gpu.machine import KINDS, MAX, MIN, SHAPES, Machine

PACES: tuple[Pace, ...] = get_args(Pace)
KEPT_SIZES = 32
WORKERS = 2


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("kind", KINDS)
def test_batches_of_every_size_answer_like_numpy_and_nothing_is_left(simulate, kind, pace):
    machine = simulate(kind, pace)
    backend = machine.open()
    sizes = [1, 2, MIN, MIN + 1, 8, MAX - 1, MAX, MAX + 1, 2 * MAX, 2 * MAX + 1, 3 * MAX - 1]
    for seed, count in enumerate([*sizes, *sizes, *np.random.default_rng(0).permutation(sizes).tolist()]):
        machine.check(backend, count, seed)
    backend.close()
    backend.close()
    with pytest.raises(ValueError, match="closed"):
        machine.check(backend, 1)
    machine.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_many_threads_get_their_own_answers_from_two_workers(simulate, hasty_threads, kind):
    machine = simulate(kind, "random")
    backend = machine.open()
    counts = np.random.default_rng(1).integers(1, 2 * MAX, 150).tolist()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(machine.check, itertools.repeat(backend), counts, range(len(counts))))
    assert machine.cuda.other["stream"] == WORKERS
    assert len(machine.cuda.host) == WORKERS * len(SHAPES)
    backend.close()
    machine.assert_clean()


def test_answers_are_the_callers_own_and_images_may_be_a_view(simulate):
    machine = simulate()
    backend = machine.open()
    images = np.random.default_rng(0).integers(0, 256, (16, *SHAPES["images"]), dtype=np.uint8)
    first, _ = backend.run(images[::2, :, ::-1])
    copy = first.copy()
    np.testing.assert_array_equal(backend.run(np.ascontiguousarray(images[::2, :, ::-1]))[0], copy)
    backend.run(255 - images)
    backend.close()
    np.testing.assert_array_equal(first, copy)


def test_a_repeated_size_is_enqueued_once_recorded_once_and_replayed_from_then_on(simulate):
    machine = simulate()
    backend = machine.open()
    for seed in range(10):
        machine.check(backend, 5, seed)
        machine.check(backend, 9, seed)
    calls = machine.cuda.calls
    assert (calls["execute_async_v3"], calls["begin"], calls["instantiate"]) == (4, 2, 2)
    assert calls["launch"] == 18
    backend.close()
    machine.assert_clean()


def test_tensorrt_for_rtx_records_by_itself(simulate):
    machine = simulate("tensorrt-rtx")
    backend = machine.open()
    for seed in range(5):
        machine.check(backend, 5, seed)
    assert (machine.cuda.calls["execute_async_v3"], machine.cuda.calls["begin"]) == (5, 0)


def run_often(machine: Machine, backend: Backend) -> None:
    for seed in range(4):
        machine.check(backend, 5, seed)


def test_an_engine_that_cannot_be_recorded_warns_once_and_runs(simulate):
    machine = simulate(loops=True)
    backend = machine.open()
    with pytest.warns(
        RuntimeWarning, match="batches of 5 run without a CUDA graph: loops cannot be recorded; .*a test"
    ) as caught:
        run_often(machine, backend)
    assert len(caught) == 1
    assert machine.cuda.calls["launch"] == 0
    backend.close()
    machine.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_the_contexts_and_graphs_of_the_sizes_used_last_are_kept_and_no_others(simulate, kind):
    machine = simulate(kind)
    backend = machine.open()
    for seed, count in enumerate([*range(MIN, MAX + 1), MIN, MAX]):
        machine.check(backend, count, seed)
        cached = min(seed + 1, KEPT_SIZES)
        assert machine.cuda.other["execution context"] == cached
        assert machine.cuda.other["executable graph"] == (cached if kind == "tensorrt" else 0)
    backend.close()
    machine.assert_clean()


def test_closing_in_another_thread_waits_for_the_calls_that_run(simulate, hasty_threads):
    machine = simulate(pace="random")
    for _ in range(5):
        backend = machine.open()
        started = threading.Event()

        def run(backend=backend, started=started) -> None:
            with pytest.raises(ValueError, match="closed"):  # noqa: PT012
                for seed in itertools.count():
                    machine.check(backend, seed % 5 + 1, seed)
                    started.set()

        with ThreadPoolExecutor(3) as threads:
            running = [threads.submit(run) for _ in range(3)]
            assert started.wait(20)
            backend.close()
            for future in running:
                future.result(20)
        machine.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_when_close_returns_nothing_is_left_though_threads_were_running(simulate, hasty_threads, kind):
    machine = simulate(kind, pace="random")
    backend = machine.open()
    started = threading.Event()

    def run() -> None:
        with pytest.raises(ValueError, match=f"this {kind} backend is closed; open the bundle again"):  # noqa: PT012
            for seed in itertools.count():
                machine.check(backend, seed % 5 + 1, seed)
                started.set()

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(run) for _ in range(4)]  # more than there are workers
        assert started.wait(20)
        backend.close()
        machine.assert_clean()
        for future in running:
            future.result(20)


@pytest.mark.parametrize("kind", KINDS)
def test_with_closes_at_the_end_of_the_block(simulate, kind):
    machine = simulate(kind)
    with machine.open() as backend:
        machine.check(backend, 5)
        assert not backend.closed
    assert backend.closed
    machine.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_a_forgotten_backend_frees_all_in_whatever_thread_it_is_found(simulate, kind):
    machine = simulate(kind)
    backends = [machine.open()]
    machine.check(backends[0], 5)
    gc.collect()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(backends.pop).result()
        thread.submit(gc.collect).result()
    machine.assert_clean()


def test_a_backend_that_was_never_used_frees_all(simulate):
    machine = simulate()
    machine.open().close()
    machine.assert_clean()


def test_an_engine_that_is_not_the_manifests_is_an_error_and_freed(simulate):
    machine = simulate(batches=(MIN, 8, MAX + 1))
    with pytest.raises(BundleError, match="was built for batches of") as caught:
        machine.open()
    machine.assert_clean()
    assert caught.value is not None  # it was alive until here, with all that it holds


def test_a_driver_without_graphs_is_an_error_and_the_engine_freed(simulate, monkeypatch):
    machine = simulate()
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    with pytest.raises(BackendError, match=r"CUDA 11\.4 or later") as caught:
        machine.open()
    machine.assert_clean()
    assert caught.value is not None


def test_warnings_of_the_library_go_to_the_log(simulate, caplog):
    text = "Using an engine plan file across different models of devices is not recommended"
    machine = simulate(warning=text)
    with caplog.at_level(logging.WARNING, "fashionsdk"):
        machine.open().close()
    (record,) = caplog.records
    assert record.name.startswith("fashionsdk.")
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"tensorrt 10.99.0.1: {text}"
