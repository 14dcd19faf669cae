import gc
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from fashionsdk.backends import open_backend
from fashionsdk.backends.cpus import available_cpus
from fashionsdk.bundle import Bundle, Manifest, Reference
from fashionsdk.errors import BackendError, BundleError

# The graph adds in float32 where numpy adds in float64; 2e-7 measured.
ATOL = 2e-6

HAS_CUDA = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
without_cuda = pytest.mark.skipif(HAS_CUDA, reason="this onnxruntime has CUDA")


def random_images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_graph_answers_like_numpy(bundle: Bundle, tiny_model: Any, count: int):
    images = random_images(count)
    expected = tiny_model.answers(images)
    embeddings, attention = open_backend(bundle, "cpu").run(images, attention=True)
    np.testing.assert_allclose(embeddings, expected[0], rtol=0, atol=ATOL)
    np.testing.assert_allclose(attention, expected[1], rtol=0, atol=ATOL)
    assert embeddings.dtype == np.float32


def test_attention_is_left_out_unless_asked_for(bundle: Bundle):
    assert open_backend(bundle, "cpu").run(random_images(2))[1] is None


def test_info_says_what_runs_and_why(bundle: Bundle):
    info = open_backend(bundle, "cpu", "fp32").info
    assert (info.device, info.precision) == ("cpu", "fp32")
    assert str(info) == f"onnxruntime {onnxruntime.__version__} on cpu, fp32 (device='cpu' was asked for)"


@without_cuda
def test_auto_takes_the_cpu_and_says_why(bundle: Bundle):
    info = open_backend(bundle).info
    assert (info.device, info.reason) == ("cpu", "the installed onnxruntime is for the CPU")


@without_cuda
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:3"])
def test_cuda_that_is_not_there_is_an_error_and_no_fallback(bundle: Bundle, device: str):
    with pytest.raises(BackendError, match=r"CUDAExecutionProvider was asked for; .*install .fashionsdk\[gpu\]"):
        open_backend(bundle, device)


@pytest.mark.gpu
@pytest.mark.skipif(not HAS_CUDA, reason="needs an onnxruntime with CUDA")
def test_cuda_answers_like_numpy(bundle: Bundle, tiny_model: Any):
    images = random_images(3)
    backend = open_backend(bundle, "cuda")
    assert backend.info.device == "cuda:0"
    np.testing.assert_allclose(backend.run(images)[0], tiny_model.answers(images)[0], rtol=0, atol=1e-4)


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", "", "cpu:0"])
def test_unknown_device_is_a_value_error(bundle: Bundle, device: str):
    with pytest.raises(ValueError, match="expected 'auto', 'cpu', 'cuda' or 'cuda:N'"):
        open_backend(bundle, device)


def test_threads_below_one_are_refused(bundle: Bundle):
    with pytest.raises(ValueError, match="threads is 0"):
        open_backend(bundle, threads=0)


def test_precision_that_the_bundle_lacks_is_refused(bundle: Bundle):
    with pytest.raises(BundleError, match="no fp16 graph; this bundle has fp32"):
        open_backend(bundle, "cpu", "fp16")


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
def test_images_of_another_shape_or_type_are_refused(bundle: Bundle, images: np.ndarray):
    with pytest.raises(ValueError, match=r"expected uint8 \(B,\) \+ \(16, 16, 3\)"):
        open_backend(bundle, "cpu").run(images)


def test_strided_images_give_the_same_answer(bundle: Bundle):
    backend, images = open_backend(bundle, "cpu"), random_images(4)
    assert np.array_equal(backend.run(images[::-2])[0], backend.run(images[::-2].copy())[0])


def test_attention_of_a_model_without_it_is_refused(
    write_bundle: Callable[..., Bundle], manifest: Manifest, reference: Reference
):
    bundle = write_bundle(
        manifest=replace(manifest, attention_shape=None), reference=replace(reference, attention=None)
    )
    with pytest.raises(ValueError, match="this model has no attention maps"):
        open_backend(bundle, "cpu").run(random_images(1), attention=True)


def test_graph_that_is_no_graph_is_a_backend_error(write_bundle: Callable[..., Bundle], tmp_path: Path):
    (tmp_path / "not.onnx").write_bytes(b"not a graph")
    bundle = write_bundle(graphs={"model.fp32.onnx": tmp_path / "not.onnx"})
    with pytest.raises(BackendError, match=r"model\.fp32\.onnx does not load on cpu"):
        open_backend(bundle, "cpu")


@pytest.mark.parametrize("renamed", ["images", "embeddings", "attention"])
def test_graph_with_other_names_than_the_manifest_promises_is_refused(
    write_bundle: Callable[..., Bundle], tiny_model: Any, tmp_path: Path, renamed: str
):
    model = tiny_model.graph()
    for value in [*model.graph.input, *model.graph.output]:
        value.name = "other" if value.name == renamed else value.name
    for node in model.graph.node:
        node.input[:] = ["other" if name == renamed else name for name in node.input]
        node.output[:] = ["other" if name == renamed else name for name in node.output]
    onnx.save(model, tmp_path / "renamed.onnx")
    bundle = write_bundle(graphs={"model.fp32.onnx": tmp_path / "renamed.onnx"})
    with pytest.raises(BundleError, match=f"expected {renamed} to be tensor"):
        open_backend(bundle, "cpu")


def test_graph_of_other_dimensions_than_the_manifest_promises_is_refused(
    write_bundle: Callable[..., Bundle], manifest: Manifest, reference: Reference
):
    wide = replace(manifest, attention_shape=(2, 8))
    attention = np.zeros((6, 3, 2, 8), np.float32)
    bundle = write_bundle(manifest=wide, reference=replace(reference, attention=attention))
    with pytest.raises(BundleError, match=r"expected attention to be tensor\(float\) \['B', 3, 2, 8\]"):
        open_backend(bundle, "cpu")


def test_threads_may_share_a_backend(bundle: Bundle):
    backend = open_backend(bundle, "cpu")
    batches = [random_images(1 + i % 5, seed=i) for i in range(40)]
    expected = [backend.run(batch)[0] for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: backend.run(batch)[0], batches))
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_memory_does_not_grow_with_changing_batch_sizes(bundle: Bundle):
    backend = open_backend(bundle, "cpu")
    images = random_images(500)
    backend.run(images)
    gc.collect()
    before = resident_bytes()
    for count in np.random.default_rng(0).integers(1, 500, 300):
        backend.run(images[:count], attention=True)
    gc.collect()
    assert resident_bytes() - before < 16_000_000


@pytest.mark.parametrize(
    ("quota", "cpus"), [("max 100000", None), ("100000 100000", 1), ("50000 100000", 1), ("", None), ("1", None)]
)
def test_cpus_are_no_more_than_the_containers_quota(tmp_path: Path, quota: str, cpus: int | None):
    (tmp_path / "cpu.max").write_text(quota)
    assert available_cpus(tmp_path / "cpu.max") == (cpus or available_cpus(tmp_path / "none"))


def test_missing_runtime_is_an_error_that_names_the_extras(bundle: Bundle):
    program = f"""
import sys
sys.modules["onnxruntime"] = None  # what Python itself records for a module that is not to be had
from fashionsdk.backends import open_backend
from fashionsdk.bundle import Bundle
from fashionsdk.errors import BackendError
try:
    open_backend(Bundle.open({str(bundle.path)!r}))
except BackendError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 'pip install "fashionsdk[cpu]"' in result.stdout
    assert 'pip install "fashionsdk[gpu]"' in result.stdout


def test_the_runtime_sends_nothing_home_and_leaves_nothing_at_home(bundle: Bundle, tmp_path: Path):
    program = f"from fashionsdk import Embedder; Embedder({str(bundle.path)!r})"
    for home in (tmp_path, Path("/proc/none")):  # the second cannot be written
        silenced = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME")
        environment = {key: value for key, value in os.environ.items() if key not in silenced} | {"HOME": str(home)}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
        assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.rglob("*"))


def test_sdk_imports_no_runtime_and_no_training_framework():
    program = """
import sys
import fashionsdk.embedder, fashionsdk.parity
print([name for name in ("onnxruntime", "torch", "onnx", "tensorrt", "tqdm") if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
