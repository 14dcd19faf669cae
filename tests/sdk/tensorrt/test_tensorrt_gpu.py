"""The TensorRT backend on a GPU: engines built for the device at hand, against numpy's answers."""

import gc
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashionsdk.backends.tensorrt import TensorRtBackend, open_engine
from fashionsdk.bundle import Bundle, EngineInfo, EngineKind, Manifest
from fashionsdk.errors import BackendError
from tests.sdk.bundle.bundles import WriteBundle
from tests.sdk.conftest import SIDE
from tests.sdk.tensorrt.driver import has_cuda_device

if has_cuda_device():
    import torch  # takes seconds, also where all of this is skipped

pytestmark = [
    pytest.mark.gpu("tensorrt", "tensorrt-rtx"),
    pytest.mark.skipif(not has_cuda_device(), reason="needs a CUDA device"),
    pytest.mark.skipif(find_spec("pycuda") is None, reason="needs pycuda"),
]

MIN, OPT, MAX = 2, 4, 8
ATOL = 1e-5  # float32 sums in another order; TF32, which is off, would miss it
NO_GROWTH = 8 * 2**20  # bytes; a leak of one graph or context a call would be gigabytes
SHAPE = (SIDE, SIDE, 3)
ENGINE_FILE = "engines/tiny.engine"


@pytest.fixture(scope="module", params=["tensorrt", "tensorrt-rtx"])
def built(request: pytest.FixtureRequest, graph_file: Path) -> tuple[EngineKind, Any]:
    """An engine for the device at hand, and its kind."""
    kind: EngineKind = request.param
    spec = find_spec(kind.replace("-", "_"))
    if spec is None or spec.origin is None:  # a folder of type stubs has no origin
        pytest.skip(f"needs {kind}")
    from fashionsdk_export.engines import EngineConfig, build_engine

    capability = "{}.{}".format(*torch.cuda.get_device_capability(0))
    if kind == "tensorrt-rtx" and not hasattr(_rtx().ComputeCapability, f"SM{capability.replace('.', '')}"):
        pytest.skip(f"{kind} builds nothing for compute capability {capability}")
    config = EngineConfig(kind=kind, compute_capability=capability, min_batch=MIN, opt_batch=OPT, max_batch=MAX)
    return kind, build_engine(graph_file, "fp32", config)


def _rtx() -> Any:
    import tensorrt_rtx

    return tensorrt_rtx


@pytest.fixture
def with_engine(
    built: tuple[EngineKind, Any],
    write_bundle: WriteBundle,
    manifest: Manifest,
    graph_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Bundle:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kind, engine = built
    (tmp_path / "engine").write_bytes(engine.data)
    info = EngineInfo(ENGINE_FILE, kind, "fp32", engine.library_version, engine.compute_capability, MIN, OPT, MAX)
    return write_bundle(
        manifest=replace(manifest, engines=(info,)),
        graphs={"model.fp32.onnx": graph_file, ENGINE_FILE: tmp_path / "engine"},
    )


@pytest.fixture
def backend(built: tuple[EngineKind, Any], with_engine: Bundle) -> Iterator[TensorRtBackend]:
    opened = open_engine(with_engine, built[0], 0, None, "a test")
    yield opened
    opened.close()


@pytest.fixture
def check(backend: TensorRtBackend, tiny_model: Any) -> Callable[[int, int], None]:
    """Embed random images and compare with numpy."""

    def check(count: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        images = rng.integers(0, 256, (count, *SHAPE), dtype=np.uint8)
        embeddings, attention = backend.run(images, attention=True)
        expected = tiny_model.answers(images)
        np.testing.assert_allclose(embeddings, expected[0], rtol=0, atol=ATOL)
        assert attention is not None
        np.testing.assert_allclose(attention, expected[1], rtol=0, atol=ATOL)

    return check


def device_memory() -> int:
    torch.cuda.synchronize()
    free, total = torch.cuda.mem_get_info(0)
    return total - free


def host_memory() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def test_an_engine_for_this_device_fits_and_describes_itself(
    built: tuple[EngineKind, Any], with_engine: Bundle, backend: TensorRtBackend
):
    kind, engine = built
    absent = torch.cuda.device_count()
    with pytest.raises(BackendError, match=f"cuda:{absent}"):
        open_engine(with_engine, kind, absent, "fp32", "a test")
    assert str(backend.info) == f"{kind} {engine.library_version} on cuda:0, fp32 (a test)"


@pytest.mark.parametrize("count", [1, MIN, MIN + 1, MAX, MAX + 1, 3 * MAX + 1])
def test_batches_of_every_size_answer_like_numpy(check: Callable[[int, int], None], count: int):
    for seed in range(4):  # the first run of a size enqueues, the next ones replay its graph
        check(count, seed)


def test_sizes_may_follow_each_other_in_any_order(check: Callable[[int, int], None]):
    for seed, count in enumerate(np.random.default_rng(0).integers(1, 3 * MAX, 200).tolist()):
        check(count, seed)


def test_answers_are_the_callers_own(backend: TensorRtBackend):
    first, _ = backend.run(np.zeros((MAX, *SHAPE), np.uint8))
    copy = first.copy()
    backend.run(np.full((MAX, *SHAPE), 255, np.uint8))
    np.testing.assert_array_equal(first, copy)


def test_images_that_are_no_whole_array_are_copied_right(backend: TensorRtBackend):
    images = np.random.default_rng(0).integers(0, 256, (2 * MAX, *SHAPE), dtype=np.uint8)
    expected, _ = backend.run(np.ascontiguousarray(images[::2, :, ::-1]))
    found, _ = backend.run(images[::2, :, ::-1])
    np.testing.assert_array_equal(found, expected)


def test_eight_threads_answer_like_numpy(check: Callable[[int, int], None]):
    counts = np.random.default_rng(1).integers(1, 2 * MAX, 400).tolist()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(check, counts, range(len(counts))))


def test_torch_computes_in_the_same_process_meanwhile(check: Callable[[int, int], None]):
    matrix = torch.randn(256, 256, device="cuda", dtype=torch.float64)
    expected = matrix.cpu() @ matrix.cpu()

    def with_torch(seed: int) -> None:
        check(seed % MAX + 1, seed)
        torch.testing.assert_close((matrix @ matrix).cpu(), expected)
        torch.empty(seed * 1000 + 1, device="cuda")  # allocates, which a recording must survive

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(with_torch, range(100)))


def test_closing_gives_the_memory_back_and_may_happen_in_another_thread(
    built: tuple[EngineKind, Any], with_engine: Bundle
):
    def use() -> None:
        backend = open_engine(with_engine, built[0], 0, None, "a test")
        for count in range(1, MAX + 1):
            backend.run(np.zeros((count, *SHAPE), np.uint8))
        with ThreadPoolExecutor(1) as thread:
            thread.submit(backend.close).result()
        with pytest.raises(ValueError, match="closed"):
            backend.run(np.zeros((1, *SHAPE), np.uint8))

    use()
    before = device_memory()
    for _ in range(20):
        use()
    assert device_memory() - before < NO_GROWTH


def test_kernels_that_were_compiled_here_are_kept_and_accepted_again(
    built: tuple[EngineKind, Any], with_engine: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level("INFO", "fashionsdk"):
        for _ in range(2):
            backend = open_engine(with_engine, built[0], 0, None, "a test")
            backend.run(np.zeros((MAX, *SHAPE), np.uint8))
            backend.close()
    files = list((tmp_path / "cache").rglob("*.kernels"))
    assert len(files) == (built[0] == "tensorrt-rtx")
    assert "kernels" not in caplog.text


def test_a_forgotten_backend_gives_its_memory_back(built: tuple[EngineKind, Any], with_engine: Bundle):
    open_engine(with_engine, built[0], 0, None, "a test")
    gc.collect()
    before = device_memory()
    for _ in range(20):
        open_engine(with_engine, built[0], 0, None, "a test")
        gc.collect()
    assert device_memory() - before < NO_GROWTH


def test_a_process_that_does_not_close_ends_in_silence(built: tuple[EngineKind, Any], with_engine: Bundle):
    program = (
        "import sys, numpy as np\n"
        "from fashionsdk.bundle import Bundle\n"
        "from fashionsdk.backends.tensorrt import open_engine\n"
        "bundle = Bundle.open(sys.argv[1])\n"
        "backend = open_engine(bundle, sys.argv[2], 0, None, 'a test')\n"
        "side = bundle.manifest.preprocessing.height\n"
        "print(backend.run(np.zeros((1, side, side, 3), np.uint8))[0].shape[0])\n"
    )
    command = [sys.executable, "-c", program, str(with_engine.path), built[0]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_hundred_thousand_calls_grow_neither_memory(backend: TensorRtBackend):
    batches = [np.zeros((count, *SHAPE), np.uint8) for count in range(1, MAX + 1)]

    def use(calls: int) -> None:
        for call in range(calls):
            backend.run(batches[call % MAX], attention=call % 2 == 0)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(use, [500] * 4))
        before = device_memory(), host_memory()
        list(threads.map(use, [25_000] * 4))
    assert device_memory() - before[0] < NO_GROWTH
    assert host_memory() - before[1] < NO_GROWTH
