"""ONNX Runtime with I/O binding, as on CUDA; the same code runs on the CPU, where every machine can test it."""

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.backends import open_backend
from fashionsdk.backends._ladder import rung
from fashionsdk.backends._signature import output_shapes
from fashionsdk.backends.cuda import CudaDriverError, HostMemory
from fashionsdk.backends.onnxruntime._binding import LARGEST, BoundSession
from fashionsdk.bundle import Bundle
from tests.sdk.backends.cuda.driver_on_the_host import DriverOnTheHost

ATOL = 2e-6  # float32 sums against numpy's float64; 2e-7 measured
CUDA_ATOL = 1e-4  # another order of sums, and other kernels at every batch size
HAS_CUDA = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
NAMES = ["embeddings", "attention"]


class Watched:
    """A session that notes which thread ran which of its CUDA graphs, which the CPU only is told of."""

    def __init__(self, session: Any) -> None:
        self._session, self.runs = session, list[tuple[int, int, str]]()

    def io_binding(self) -> Any:
        return self._session.io_binding()

    def run_with_iobinding(self, binding: Any, options: Any) -> None:
        try:
            graph = options.get_run_config_entry("gpu_graph_id")
        except RuntimeError:
            graph = ""
        self._session.run_with_iobinding(binding, options)
        self.runs.append((threading.get_ident(), binding.get_outputs()[0].shape()[0], graph))


@pytest.fixture
def driver() -> DriverOnTheHost:
    return DriverOnTheHost()


@pytest.fixture
def session(bundle: Bundle) -> Watched:
    return Watched(onnxruntime.InferenceSession(str(bundle.graph_path()), providers=["CPUExecutionProvider"]))


@pytest.fixture(params=[False, True], ids=["sizes as they come", "a ladder of sizes"])
def bound(
    bundle: Bundle, session: Watched, driver: DriverOnTheHost, request: pytest.FixtureRequest
) -> Iterator[BoundSession]:
    memory, shapes = HostMemory(0, driver.library), output_shapes(bundle.manifest)
    one = BoundSession(onnxruntime, session, ("cpu", 0), shapes, memory, graphs=request.param)
    yield one
    one.close()
    assert not driver.allocated


def random_images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


def test_batches_of_changing_size_answer_like_numpy(bound: BoundSession, tiny_model: Any):
    for seed, count in enumerate([3, 3, 1, 8, 8, 2, 3, 40, 1]):
        images = random_images(count, seed)
        for found, expected in zip(bound.run(NAMES, {"images": images}), tiny_model.answers(images), strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=ATOL)


def test_a_batch_runs_in_the_next_larger_graph_in_one_thread(
    bundle: Bundle, session: Watched, driver: DriverOnTheHost, tiny_model: Any
):
    memory, shapes = HostMemory(0, driver.library), output_shapes(bundle.manifest)
    bound = BoundSession(onnxruntime, session, ("cpu", 0), shapes, memory, graphs=True)
    for count in (3, 4, 1, 5, LARGEST + 44):
        images = random_images(count, count)
        for found, expected in zip(bound.run(NAMES, {"images": images}), tiny_model.answers(images), strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=ATOL)
    assert [run[1:] for run in session.runs] == [(size, str(size)) for size in (4, 4, 1, 8, LARGEST, 64)]
    (thread,) = {run[0] for run in session.runs}
    assert thread != threading.get_ident()
    bound.close()


def test_without_graphs_a_batch_runs_as_it_is(bundle: Bundle, session: Watched, driver: DriverOnTheHost):
    memory, shapes = HostMemory(0, driver.library), output_shapes(bundle.manifest)
    bound = BoundSession(onnxruntime, session, ("cpu", 0), shapes, memory, graphs=False)
    for count in (3, 5):
        bound.run(NAMES, {"images": random_images(count)})
    assert [run[1:] for run in session.runs] == [(3, ""), (5, "")]
    bound.close()


@given(st.integers(1, 1024), st.integers(1, 1024))
def test_the_next_larger_size_is_the_smallest_of_the_ladder_that_holds_the_batch(count: int, largest: int):
    count = min(count, largest)
    ladder = [size for size in (1 << power for power in range(11)) if size < largest] + [largest]
    assert rung(count, largest) == min(size for size in ladder if size >= count)


def test_a_session_that_nobody_refers_to_frees_its_memory(bundle: Bundle, session: Watched, driver: DriverOnTheHost):
    memory, shapes = HostMemory(0, driver.library), output_shapes(bundle.manifest)
    bound = BoundSession(onnxruntime, session, ("cpu", 0), shapes, memory, graphs=True)
    bound.run(NAMES, {"images": random_images(2)})
    assert driver.allocated
    del bound
    gc.collect()
    assert not driver.allocated


def test_a_failed_copy_is_an_error_and_the_next_batch_is_right(
    bound: BoundSession, driver: DriverOnTheHost, tiny_model: Any
):
    images = random_images(3)
    bound.run(NAMES, {"images": images})
    for name in ("cuMemcpyHtoD_v2", "cuMemcpyDtoH_v2"):
        driver.failing = name
        with pytest.raises(CudaDriverError, match=name):
            bound.run(NAMES, {"images": images})
    driver.failing = "cuMemHostAlloc"
    for _ in range(2):  # with the one and with the other memory
        with pytest.raises(CudaDriverError, match="out of memory"):
            bound.run(NAMES, {"images": random_images(40)})
    driver.failing = ""
    found = bound.run(NAMES, {"images": images})[0]
    np.testing.assert_allclose(found, tiny_model.answers(images)[0], rtol=0, atol=ATOL)


def test_only_the_outputs_that_are_named_come_back(bound: BoundSession, tiny_model: Any):
    images = random_images(2)
    bound.run(NAMES, {"images": images})
    (attention,) = bound.run(["attention"], {"images": images})
    np.testing.assert_allclose(attention, tiny_model.answers(images)[1], rtol=0, atol=ATOL)


def test_neither_images_nor_earlier_answers_are_written_to(bound: BoundSession):
    images = random_images(4)
    before = images.copy()
    (first,) = bound.run(NAMES[:1], {"images": images})
    copy = first.copy()
    bound.run(NAMES[:1], {"images": random_images(4, seed=1)})
    assert np.array_equal(images, before)
    assert np.array_equal(first, copy)


def test_strided_images_give_the_same_answer(bound: BoundSession):
    images = random_images(6)
    strided, whole = (bound.run(NAMES, {"images": part})[0] for part in (images[::-2], images[::-2].copy()))
    assert np.array_equal(strided, whole)


def test_more_threads_than_inputs_share_them(bound: BoundSession):
    batches = [random_images(1 + i % 5, seed=i) for i in range(60)]
    expected = [bound.run(NAMES, {"images": batch}) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: bound.run(NAMES, {"images": batch}), batches))
    for one, other in zip(expected, found, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_failed_runs_give_their_inputs_back(bound: BoundSession, tiny_model: Any):
    for _ in range(5):
        with pytest.raises(Exception, match="dimension"):
            bound.run(NAMES, {"images": np.zeros((2, 8, 8, 3), np.uint8)})
    images = random_images(2)
    np.testing.assert_allclose(
        bound.run(NAMES, {"images": images})[0], tiny_model.answers(images)[0], rtol=0, atol=ATOL
    )


@pytest.mark.gpu("onnxruntime")
@pytest.mark.skipif(not HAS_CUDA, reason="needs an onnxruntime with CUDA")
def test_cuda_answers_like_numpy_at_every_batch_size_and_writes_nothing(
    bundle: Bundle, tiny_model: Any, capfd: pytest.CaptureFixture[str]
):
    backend = open_backend(bundle, "cuda", runtime="onnxruntime")
    assert backend.info.device == "cuda:0"
    assert "without CUDA graphs" not in backend.info.reason
    for seed, count in enumerate([3, 3, 1, 64, 2, 3]):
        images = random_images(count, seed)
        for found, expected in zip(backend.run(images, attention=True), tiny_model.answers(images), strict=True):
            assert found is not None
            np.testing.assert_allclose(found, expected, rtol=0, atol=CUDA_ATOL)
    assert capfd.readouterr() == ("", "")


@pytest.mark.gpu("onnxruntime")
@pytest.mark.skipif(not HAS_CUDA, reason="needs an onnxruntime with CUDA")
def test_threads_may_share_a_cuda_backend(bundle: Bundle, tiny_model: Any):
    backend = open_backend(bundle, "cuda", runtime="onnxruntime")
    batches = [random_images(1 + i % 5, seed=i) for i in range(60)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: backend.run(batch)[0], batches))
    for batch, answer in zip(batches, found, strict=True):
        np.testing.assert_allclose(answer, tiny_model.answers(batch)[0], rtol=0, atol=CUDA_ATOL)
