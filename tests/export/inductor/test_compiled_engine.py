"""AOTInductor engines: really compiled for this CPU, loaded and compared; and what is wrong with one is an error."""

import multiprocessing
import re
import shutil
import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch

from fashionsdk import Bundle, Embedder, check
from fashionsdk.backends import open_backend
from fashionsdk.backends.engines._processor import LEVELS, architecture, missing_features
from fashionsdk.bundle import EngineInfo
from fashionsdk.errors import BackendError, BundleError
from fashionsdk_export.cli import main
from fashionsdk_export.engines import write_engines
from fashionsdk_export.errors import ExportError
from fashionsdk_export.inductor import EngineConfig, add_engines
from tests.export.graphs import images

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("g++") is None, reason="compiling an engine needs g++, which is not here"),
]

FP32_ATOL = 2e-6  # only the order of float32 sums differs; 4e-7 measured
LARGEST = 4


@pytest.fixture(scope="module")
def built(exported, tmp_path_factory) -> tuple[Bundle, str]:
    """A bundle with an engine in float32 and one in bfloat16, and what the command printed."""
    out = tmp_path_factory.mktemp("compiled") / "bundle"
    words = [str(exported("asen").path), "--out", str(out), "--engine", "aotinductor", "--device", "cpu"]
    with redirect_stdout(StringIO()) as said:
        assert main([*words, "--max-batch", str(LARGEST), "--precision", "fp32", "bf16"]) == 0
    return Bundle.open(out), said.getvalue()


@pytest.fixture(scope="module")
def bundle(built) -> Bundle:
    return built[0]


@pytest.fixture
def with_engine(bundle, tmp_path) -> Callable[..., Bundle]:
    """Return a function that writes the bundle with one engine, with another entry or content."""

    def write(data: bytes | None = None, **changes) -> Bundle:
        (engine,) = (engine for engine in bundle.manifest.engines if engine.precision == "fp32")
        content = (bundle.path / engine.file).read_bytes() if data is None else data
        alone = Bundle(bundle.path, replace(bundle.manifest, engines=()))
        entry = replace(engine, file="engines/a.pt2", **changes)
        return write_engines(alone, tmp_path / "bundle", {entry: content}, overwrite=True)

    return write


def engine_of(bundle: Bundle, precision: str) -> EngineInfo:
    (engine,) = (engine for engine in bundle.manifest.engines if engine.precision == precision)
    return engine


def test_the_command_writes_checked_engines(built):
    bundle, said = built
    assert len(re.findall(r"compiled in \d+ s, loads in \d+ ms", said)) == 2
    assert said.count("ok: 4 reference images on aotinductor") == 2
    for engine in bundle.manifest.engines:
        assert (engine.kind, engine.device, engine.library_version) == ("aotinductor", "cpu", torch.__version__)
        assert engine.parity["min_cosine"] > 0.99
        assert (engine.min_batch, engine.max_batch) == (1, LARGEST)
        assert not missing_features(engine.compute_capability)
        assert (bundle.path / engine.file).suffix == ".pt2"
    assert engine_of(bundle, "fp32").parity["max_abs_difference"] < FP32_ATOL


@pytest.mark.parametrize("count", [1, 2, LARGEST, 2 * LARGEST + 1])
def test_an_engine_gives_the_graphs_answers_for_any_batch(bundle, count):
    feed = images(count)
    feed.flags.writeable = False  # as decoded photos may be
    with (
        open_backend(bundle, "cpu", "fp32", runtime="aotinductor") as compiled,
        open_backend(bundle, "cpu", "fp32", runtime="onnxruntime") as graph,
    ):
        found, expected = compiled.run(feed, attention=True), graph.run(feed, attention=True)
        assert compiled.run(feed)[1] is None
    for output, wanted in zip(found, expected, strict=True):
        assert output is not None
        assert wanted is not None
        np.testing.assert_allclose(output, wanted, rtol=0, atol=FP32_ATOL)


def test_a_named_engine_runs_and_says_so(bundle):
    for precision in ("fp32", "bf16"):
        with Embedder(bundle, runtime="aotinductor", precision=precision) as embedder:
            info = embedder.backend
            assert (info.runtime, info.device, info.precision) == (f"aotinductor {torch.__version__}", "cpu", precision)
            assert "runtime='aotinductor' was asked for" in info.reason
    assert check(bundle, runtime="aotinductor", precision="bf16").ok
    with Embedder(bundle) as embedder:  # where it is not named, the graph runs
        assert not embedder.backend.runtime.startswith("aotinductor")


def test_threads_are_those_asked_for_and_the_process_keeps_its_own(bundle, monkeypatch):
    before = torch.get_num_threads()
    used: list[int] = []
    original = torch.set_num_threads

    def noted(count: int) -> None:
        used.append(count)
        original(count)

    monkeypatch.setattr(torch, "set_num_threads", noted)
    with open_backend(bundle, "cpu", threads=before + 1, runtime="aotinductor") as backend:
        backend.run(images(2))
    assert used == [before + 1, before]
    assert torch.get_num_threads() == before


def answer(backend, feed, results) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results.put((backend.run(feed)[0], [str(one.message) for one in caught]))


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_answers_alike_with_one_thread(bundle):
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    with open_backend(bundle, "cpu", threads=2, runtime="aotinductor") as backend:
        expected = backend.run(images(3))[0]
        child = context.Process(target=answer, args=(backend, images(3), results))
        child.start()
        found, said = results.get(timeout=120)
        child.join()
    np.testing.assert_allclose(found, expected, rtol=0, atol=FP32_ATOL)
    assert any("with one thread in a fork" in line for line in said)


def test_an_engine_that_was_changed_is_never_opened(bundle, tmp_path, monkeypatch):
    shutil.copytree(bundle.path, tmp_path / "bundle")
    opened = Bundle.open(tmp_path / "bundle")
    monkeypatch.setattr("torch._inductor.aoti_load_package", None)  # it would fail with another error
    file = opened.path / engine_of(opened, "fp32").file
    data = bytearray(file.read_bytes())
    for change in (
        data[:1000] + b"\x00" + data[1001:],
        data[:-1],
        data + b"\x00",
        (opened.path / engine_of(opened, "bf16").file).read_bytes(),
    ):
        file.write_bytes(change)
        with pytest.raises(BundleError, match=r"has the SHA-256 .* copy the bundle or build the engine again"):
            open_backend(opened, "cpu", "fp32", runtime="aotinductor")
    file.unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        open_backend(opened, "cpu", "fp32", runtime="aotinductor")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"library_version": "2.0.0"}, "was built with AOTInductor 2.0.0, this is 2."),
        ({"compute_capability": "x86-64-v4+amxint16"}, "was built for x86-64-v4.amxint16, this CPU lacks .*amxint16"),
        ({"compute_capability": "riscv"}, "was built for riscv, this CPU lacks riscv"),
        ({"device": "cuda"}, "has no aotinductor engine for cpu of precision fp32, it has aotinductor fp32 for cuda"),
        ({"precision": "bf16"}, "has no aotinductor engine for cpu of precision fp32"),
    ],
)
def test_an_engine_for_something_else_is_an_error_with_the_command_that_builds_one(with_engine, changes, says):
    bundle = with_engine(**changes)
    with pytest.raises(BackendError, match=rf"(?s){says}.*export/build_engine.py .* --engine aotinductor --device cpu"):
        open_backend(bundle, "cpu", "fp32", runtime="aotinductor")


def test_a_listed_file_that_is_no_engine_is_an_error(with_engine, bundle):
    whole = (bundle.path / engine_of(bundle, "fp32").file).read_bytes()
    for data in (b"no engine at all", whole[: len(whole) // 2]):
        with pytest.raises(BackendError, match=r"does not load: .* build it again: python export/build_engine.py"):
            open_backend(with_engine(data), "cpu", "fp32", runtime="aotinductor")


def test_an_engine_of_another_graph_is_an_error(exported, bundle, tmp_path):
    engine = engine_of(bundle, "fp32")
    data = (bundle.path / engine.file).read_bytes()
    other = write_engines(exported("asen_v2"), tmp_path / "other", {engine: data})
    with pytest.raises(BackendError, match=r"was compiled from another graph than model.fp32.onnx; build it again"):
        open_backend(other, "cpu", runtime="aotinductor")


def test_without_pytorch_the_error_says_what_to_install(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        BackendError, match=r'aotinductor cannot be imported: .* pip install "fashionsdk\[aotinductor\]"$'
    ):
        open_backend(bundle, "cpu", runtime="aotinductor")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("says", ["is built for the CPU; install a build for CUDA", "PyTorch finds 0 CUDA devices"])
def test_an_engine_for_a_gpu_where_there_is_none_is_an_error(with_engine, monkeypatch, says):
    monkeypatch.setattr(torch.version, "cuda", None if "built" in says else "13.0")
    bundle = with_engine(device="cuda", compute_capability="9.0")
    for device in ("cuda", "auto"):
        with pytest.raises(BackendError, match=says):
            open_backend(bundle, device, "fp32", runtime="aotinductor")
    with Embedder(bundle) as embedder:  # what is not named falls back
        assert embedder.backend.device == "cpu"
        assert says in embedder.backend.reason


def test_without_a_compiler_nothing_is_built(exported, tmp_path, monkeypatch):
    from torch._inductor import config, cpp_builder

    monkeypatch.setattr(config.cpp, "cxx", ("no-compiler-of-this-name",))
    getattr(cpp_builder.get_cpp_compiler, "cache_clear", lambda: None)()
    with pytest.raises(ExportError, match=r"no C\+\+ compiler works"):
        add_engines(exported("asen"), tmp_path / "bundle", EngineConfig())
    assert not (tmp_path / "bundle").exists()


def test_engines_are_for_what_the_device_computes(exported, tmp_path):
    for precision in ("fp16", "int8"):
        with pytest.raises(
            ValueError, match=f"precision {precision} was asked for; aotinductor on cpu computes fp32, bf16"
        ):
            add_engines(exported("asen"), tmp_path / "bundle", EngineConfig(), [precision])
    with pytest.raises(ValueError, match="expected each once"):
        add_engines(exported("asen"), tmp_path / "bundle", EngineConfig(), ["fp32", "fp32"])


def test_a_setting_of_another_engine_is_an_error(exported, tmp_path, capsys):
    words = [str(exported("asen").path), "--out", str(tmp_path / "bundle"), "--engine"]
    assert main([*words, "aotinductor", "--workspace", "2"]) == 2
    assert "--workspace was given with --engine aotinductor, which has no such setting" in capsys.readouterr().err
    assert main([*words, "tensorrt-rtx", "--device", "cpu"]) == 2
    assert "--device was given with --engine tensorrt-rtx" in capsys.readouterr().err


def features(folder: Path, *names: str) -> Path:
    file = folder / "cpuinfo"
    file.write_text(f"processor : 0\nflags : {' '.join(names)}\n")
    return file


def test_code_names_the_level_and_the_features_that_it_needs(tmp_path):
    v4 = LEVELS["x86-64-v4"]
    here = features(tmp_path, *v4, "avx512_bf16")
    assert architecture(["avx512bf16", "avx512f", "fma"], here) == "x86-64-v4+avx512bf16"
    assert missing_features("x86-64-v4+avx512bf16", here) == []
    assert missing_features("x86-64-v4+avx512vnni+amxtile", here) == ["amxtile", "avx512vnni"]
    assert architecture(["fma"], features(tmp_path, *LEVELS["x86-64-v3"])) == "x86-64-v3"
    assert architecture([], features(tmp_path, "sse2")) is None
    assert architecture([], tmp_path / "absent") is None
