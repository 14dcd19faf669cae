"""ONNX Runtime with I/O binding, as on CUDA; the same code runs on the CPU, where every machine can test it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnxruntime
import pytest

from fashionsdk.backends import open_backend
from fashionsdk.backends._signature import output_shapes
from fashionsdk.backends.onnxruntime._binding import BoundSession
from fashionsdk.bundle import Bundle

ATOL = 2e-6  # float32 sums against numpy's float64; 2e-7 measured
CUDA_ATOL = 1e-4  # another order of sums, and other kernels at every batch size
HAS_CUDA = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
NAMES = ["embeddings", "attention"]


@pytest.fixture
def bound(bundle: Bundle) -> BoundSession:
    session = onnxruntime.InferenceSession(str(bundle.graph_path()), providers=["CPUExecutionProvider"])
    return BoundSession(onnxruntime, session, "cpu", 0, output_shapes(bundle.manifest))


def random_images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


def test_batches_of_changing_size_answer_like_numpy(bound: BoundSession, tiny_model: Any):
    for seed, count in enumerate([3, 3, 1, 8, 8, 2, 3, 40, 1]):
        images = random_images(count, seed)
        for found, expected in zip(bound.run(NAMES, {"images": images}), tiny_model.answers(images), strict=True):
            np.testing.assert_allclose(found, expected, rtol=0, atol=ATOL)


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


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_CUDA, reason="needs an onnxruntime with CUDA")
def test_cuda_answers_like_numpy_at_every_batch_size(bundle: Bundle, tiny_model: Any):
    backend = open_backend(bundle, "cuda", runtime="onnxruntime")
    assert backend.info.device == "cuda:0"
    for seed, count in enumerate([3, 3, 1, 64, 2, 3]):
        images = random_images(count, seed)
        for found, expected in zip(backend.run(images, attention=True), tiny_model.answers(images), strict=True):
            assert found is not None
            np.testing.assert_allclose(found, expected, rtol=0, atol=CUDA_ATOL)


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_CUDA, reason="needs an onnxruntime with CUDA")
def test_threads_may_share_a_cuda_backend(bundle: Bundle, tiny_model: Any):
    backend = open_backend(bundle, "cuda", runtime="onnxruntime")
    batches = [random_images(1 + i % 5, seed=i) for i in range(60)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: backend.run(batch)[0], batches))
    for batch, answer in zip(batches, found, strict=True):
        np.testing.assert_allclose(answer, tiny_model.answers(batch)[0], rtol=0, atol=CUDA_ATOL)
