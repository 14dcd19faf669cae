"""What every runtime on the CPU must do, whichever it is."""

import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from fashionsdk.backends import Backend, open_backend
from fashionsdk.bundle import Bundle, Manifest, Reference
from fashionsdk.errors import BackendError, BundleError

# The graph adds in float32 where numpy adds in float64; 2e-7 measured.
ATOL = 2e-6

Open = Callable[..., Backend]


@pytest.fixture(params=["onnxruntime", "openvino"])
def open_cpu(request: pytest.FixtureRequest) -> Open:
    return partial(open_backend, device="cpu", runtime=request.param)


def random_images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("count", [1, 2, 7, 65])
def test_graph_answers_like_numpy(bundle: Bundle, tiny_model: Any, open_cpu: Open, count: int):
    images = random_images(count)
    expected = tiny_model.answers(images)
    embeddings, attention = open_cpu(bundle).run(images, attention=True)
    np.testing.assert_allclose(embeddings, expected[0], rtol=0, atol=ATOL)
    assert attention is not None
    np.testing.assert_allclose(attention, expected[1], rtol=0, atol=ATOL)
    assert embeddings.dtype == np.float32


def test_attention_is_left_out_unless_asked_for(bundle: Bundle, open_cpu: Open):
    assert open_cpu(bundle).run(random_images(2))[1] is None


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((0, 16, 16, 3), np.uint8),
        np.zeros((16, 16, 3), np.uint8),
        np.zeros((1, 16, 17, 3), np.uint8),
        np.zeros((1, 3, 16, 16), np.uint8),
        np.zeros((1, 16, 16, 3), np.float32),
    ],
)
def test_images_of_another_shape_or_type_are_rejected(bundle: Bundle, open_cpu: Open, images: np.ndarray):
    with pytest.raises(ValueError, match=r"expected uint8 \(B,\) \+ \(16, 16, 3\)"):
        open_cpu(bundle).run(images)


def test_strided_images_give_the_same_answer(bundle: Bundle, open_cpu: Open):
    backend, images = open_cpu(bundle), random_images(4)
    assert np.array_equal(backend.run(images[::-2])[0], backend.run(images[::-2].copy())[0])


def test_images_that_cannot_be_written_to_are_read(bundle: Bundle, open_cpu: Open):
    backend, images = open_cpu(bundle), random_images(3)
    frozen = np.frombuffer(images.tobytes(), np.uint8).reshape(images.shape)
    assert np.array_equal(backend.run(frozen)[0], backend.run(images)[0])


def test_answers_are_the_callers_own(bundle: Bundle, open_cpu: Open):
    backend, images = open_cpu(bundle), random_images(5)
    answers = backend.run(images, attention=True)
    copies = [answer.copy() for answer in answers if answer is not None]
    images[:] = 0
    backend.run(random_images(5, seed=1), attention=True)
    del backend
    assert all(np.array_equal(a, b) for a, b in zip(answers, copies, strict=True))  # type: ignore[arg-type]


def test_images_are_not_kept_after_the_run(bundle: Bundle, open_cpu: Open):
    backend, images = open_cpu(bundle), random_images(5)
    before = sys.getrefcount(images)
    backend.run(images)
    assert sys.getrefcount(images) == before


def test_attention_of_a_model_without_it_is_rejected(
    write_bundle: Callable[..., Bundle], manifest: Manifest, reference: Reference, open_cpu: Open
):
    bundle = write_bundle(
        manifest=replace(manifest, attention_shape=None), reference=replace(reference, attention=None)
    )
    with pytest.raises(ValueError, match="this model has no attention maps"):
        open_cpu(bundle).run(random_images(1), attention=True)


def test_precision_that_the_bundle_lacks_is_rejected(bundle: Bundle, open_cpu: Open):
    with pytest.raises(BundleError, match="no fp16 graph; this bundle has fp32"):
        open_cpu(bundle, precision="fp16")


def test_graph_that_is_no_graph_is_a_backend_error(write_bundle: Callable[..., Bundle], tmp_path: Path, open_cpu: Open):
    (tmp_path / "not.onnx").write_bytes(b"not a graph")
    bundle = write_bundle(graphs={"model.fp32.onnx": tmp_path / "not.onnx"})
    with pytest.raises(BackendError, match=r"model\.fp32\.onnx does not load on cpu"):
        open_cpu(bundle)


@pytest.mark.parametrize("renamed", ["images", "embeddings", "attention"])
def test_graph_with_other_names_than_the_manifest_promises_is_rejected(
    write_bundle: Callable[..., Bundle], tiny_model: Any, tmp_path: Path, renamed: str, open_cpu: Open
):
    model = tiny_model.graph()
    for value in [*model.graph.input, *model.graph.output]:
        value.name = "other" if value.name == renamed else value.name
    for node in model.graph.node:
        node.input[:] = ["other" if name == renamed else name for name in node.input]
        node.output[:] = ["other" if name == renamed else name for name in node.output]
    onnx.save(model, tmp_path / "renamed.onnx")
    bundle = write_bundle(graphs={"model.fp32.onnx": tmp_path / "renamed.onnx"})
    with pytest.raises(BundleError, match=rf"expected {renamed} to be (uint8|float32) \(B, "):
        open_cpu(bundle)


def test_graph_of_other_dimensions_than_the_manifest_promises_is_rejected(
    write_bundle: Callable[..., Bundle], manifest: Manifest, reference: Reference, open_cpu: Open
):
    wide = replace(manifest, attention_shape=(2, 8))
    attention = np.zeros((6, 3, 2, 8), np.float32)
    bundle = write_bundle(manifest=wide, reference=replace(reference, attention=attention))
    with pytest.raises(BundleError, match=r"expected attention to be float32 \(B, 3, 2, 8\)"):
        open_cpu(bundle)


def test_threads_may_share_a_backend(bundle: Bundle, open_cpu: Open):
    backend = open_cpu(bundle)
    batches = [random_images(1 + i % 5, seed=i) for i in range(40)]
    expected = [backend.run(batch)[0] for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: backend.run(batch)[0], batches))
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_memory_does_not_grow_with_changing_batch_sizes(bundle: Bundle, open_cpu: Open):
    backend = open_cpu(bundle)
    images = random_images(500)
    backend.run(images)
    gc.collect()
    before = resident_bytes()
    for count in np.random.default_rng(0).integers(1, 500, 300):
        backend.run(images[:count], attention=True)
    gc.collect()
    assert resident_bytes() - before < 16_000_000


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_memory_does_not_grow_with_threads_that_come_and_go(bundle: Bundle, open_cpu: Open):
    backend, images = open_cpu(bundle), random_images(8)

    def growth(threads: int) -> int:
        before = resident_bytes()
        for _ in range(threads):
            thread = threading.Thread(target=backend.run, args=(images,))
            thread.start()
            thread.join()
        return resident_bytes() - before

    growth(50)
    assert min(growth(200) for _ in range(3)) < 1_600_000  # memory of each thread grows every time, other memory once


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_runtimes_send_nothing_home_and_leave_nothing_at_home(
    bundle: Bundle, tmp_path: Path, clean_environment: dict[str, str], runtime: str
):
    program = f"""
import sys
from fashionsdk import Embedder
Embedder({str(bundle.path)!r}, runtime={runtime!r})
assert "openvino_telemetry" not in sys.modules
"""
    for home in (tmp_path, Path("/proc/none")):  # the second cannot be written
        environment = clean_environment | {"HOME": str(home)}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
        assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.rglob("*"))


def test_sdk_imports_no_runtime_and_no_training_framework():
    program = """
import sys
import fashionsdk.embedding, fashionsdk.search, fashionsdk.evaluation
print([name for name in ("onnxruntime", "openvino", "torch", "onnx", "tensorrt", "tqdm") if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
