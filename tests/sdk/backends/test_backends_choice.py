"""Which runtime and device are chosen, the reason given, and the arguments that are errors."""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import onnxruntime
import pytest

import fashionsdk.backends.tensorrt
from fashionsdk.backends import RUNTIMES, BackendInfo, open_backend
from fashionsdk.bundle import Bundle, EngineInfo, GraphInfo, Manifest, Precision
from fashionsdk.errors import BackendError

HAS_CUDA = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
without_cuda = pytest.mark.skipif(HAS_CUDA, reason="this onnxruntime has CUDA")
FOR_CPU = "the installed onnxruntime is for the CPU"


@pytest.fixture
def quantised(write_bundle: Callable[..., Bundle], manifest: Manifest, graph_file: Path) -> Bundle:
    """A bundle with a graph of each precision; all are the same, since only the choice is tested."""
    graphs = tuple(GraphInfo(f"{precision}.onnx", precision, 17, {}) for precision in get_args(Precision))
    return write_bundle(manifest=replace(manifest, graphs=graphs), graphs={graph.file: graph_file for graph in graphs})


@pytest.fixture
def with_engine(write_bundle: Callable[..., Bundle], manifest: Manifest, graph_file: Path) -> Bundle:
    """A bundle with an engine, which no machine can run."""
    engine = EngineInfo(
        file="engines/tiny.engine",
        kind="tensorrt-rtx",
        precision="fp32",
        library_version="0.0",
        compute_capability="8.9",
        min_batch=1,
        opt_batch=2,
        max_batch=4,
    )
    graphs = {"model.fp32.onnx": graph_file, engine.file: graph_file}
    return write_bundle(manifest=replace(manifest, engines=(engine,)), graphs=graphs)


@pytest.fixture
def with_vnni(monkeypatch: pytest.MonkeyPatch) -> None:
    """The choice on a CPU whose int8 sums do not saturate, whatever this one is."""
    for module in ("_choice", "openvino._openvino"):
        monkeypatch.setattr(f"fashionsdk.backends.{module}.int8_saturates", lambda: False)


def hide(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)  # what Python records for a missing module


def test_info_says_what_runs_and_why(bundle: Bundle):
    info = open_backend(bundle, "cpu", "fp32", runtime="onnxruntime").info
    assert (info.device, info.precision) == ("cpu", "fp32")
    why = "device='cpu' and runtime='onnxruntime' were asked for"
    assert str(info) == f"onnxruntime {onnxruntime.__version__} on cpu, fp32 ({why})"


FP16 = "few CPUs compute in float16: OpenVINO refuses, ONNX Runtime computes in float32 and rounds"


@pytest.mark.usefixtures("with_vnni")
@without_cuda
@pytest.mark.parametrize(
    ("precision", "runtime", "reason"),
    [
        (None, "onnxruntime", "onnxruntime is the faster for fp32 on a CPU"),
        ("fp32", "onnxruntime", "onnxruntime is the faster for fp32 on a CPU"),
        ("fp16", "onnxruntime", FP16),
        ("int8", "openvino", "openvino is the faster for int8 on a CPU"),
    ],
)
def test_auto_chooses_the_faster_runtime_and_says_why(
    quantised: Bundle, precision: str | None, runtime: str, reason: str
):
    info = open_backend(quantised, precision=precision).info
    assert (info.runtime.split()[0], info.device, info.reason) == (runtime, "cpu", f"{FOR_CPU}; {reason}")
    info = open_backend(quantised, "cpu", precision).info
    assert (info.runtime.split()[0], info.reason) == (runtime, f"device='cpu' was asked for; {reason}")


@pytest.mark.usefixtures("with_vnni")
@without_cuda
@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_runtime_that_was_asked_for_is_taken(quantised: Bundle, runtime: str):
    for precision in ("fp32", "int8"):
        info = open_backend(quantised, precision=precision, runtime=runtime).info
        assert (info.runtime.split()[0], info.device, info.precision) == (runtime, "cpu", precision)
        assert info.reason.startswith(f"runtime={runtime!r} was asked for")


@pytest.mark.usefixtures("with_vnni")
@without_cuda
@pytest.mark.parametrize(
    ("hidden", "precision", "reason"),
    [
        ("openvino", "int8", f"{FOR_CPU}; openvino, the faster for int8 on a CPU, is not installed"),
        ("onnxruntime", "fp32", "onnxruntime, the faster for fp32 on a CPU, is not installed"),
    ],
)
def test_auto_takes_the_only_runtime_that_is_installed(
    quantised: Bundle, monkeypatch: pytest.MonkeyPatch, hidden: str, precision: str, reason: str
):
    hide(monkeypatch, hidden)
    info = open_backend(quantised, precision=precision).info
    assert info.runtime.split()[0] != hidden
    assert info.reason == reason


@pytest.mark.parametrize(
    ("hidden", "arguments", "extra"),
    [
        (("openvino",), {"runtime": "openvino"}, "openvino"),
        (("openvino",), {"precision": "bf16"}, "openvino"),
        (("onnxruntime",), {"runtime": "onnxruntime"}, "cpu"),
        (("onnxruntime",), {"device": "cuda"}, "gpu"),
        (("onnxruntime", "openvino"), {}, "cpu"),
        (("onnxruntime", "openvino"), {"precision": "int8", "device": "cpu"}, "cpu"),
    ],
)
def test_missing_runtime_is_an_error_that_names_what_to_install(
    quantised: Bundle, monkeypatch: pytest.MonkeyPatch, hidden: tuple[str, ...], arguments: dict[str, str], extra: str
):
    hide(monkeypatch, *hidden)
    with pytest.raises(BackendError, match=rf'cannot be imported: .*pip install "fashionsdk\[{extra}\]"'):
        open_backend(quantised, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"runtime": "openvino", "device": "cuda"},
            "runtime='openvino' was asked for with device='cuda'; it runs on the",
        ),
        (
            {"runtime": "tensorrt", "device": "cpu"},
            "runtime='tensorrt' was asked for with device='cpu'; it runs on CUDA",
        ),
        ({"runtime": "tensorrt-rtx", "device": "cpu"}, "it runs on CUDA: choose device='cuda'"),
        (
            {"precision": "bf16", "device": "cuda"},
            "bf16 was asked for on CUDA, which engines of aotinductor alone compute, and this bundle has none",
        ),
        ({"precision": "bf16", "runtime": "onnxruntime"}, "only OpenVINO and AOTInductor on a CPU compute it"),
        ({"precision": "bf16", "runtime": "tensorrt"}, "only OpenVINO and AOTInductor on a CPU compute it"),
        ({"runtime": "tensorrt"}, "has no tensorrt engine"),
        ({"runtime": "tensorrt-rtx", "device": "cuda:1"}, "has no tensorrt-rtx engine"),
    ],
)
def test_arguments_that_do_not_go_together_are_errors(bundle: Bundle, arguments: dict[str, str], message: str):
    with pytest.raises(BackendError, match=re.escape(message)):
        open_backend(bundle, **arguments)  # type: ignore[arg-type]


@without_cuda
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:3"])
@pytest.mark.parametrize("runtime", ["auto", "onnxruntime"])
def test_cuda_that_is_not_there_is_an_error_and_no_fallback(bundle: Bundle, device: str, runtime: str):
    with pytest.raises(BackendError, match=r"CUDAExecutionProvider was asked for; .*install .fashionsdk\[gpu\]"):
        open_backend(bundle, device, runtime=runtime)


@without_cuda
def test_auto_reports_a_cuda_that_does_not_load_which_is_an_error_if_asked_for(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    info = open_backend(bundle).info
    assert info.device == "cpu"
    assert info.reason.startswith("CUDA is not taken: ")
    with pytest.raises(BackendError, match="cuda:0"):
        open_backend(bundle, "cuda")


def test_auto_skips_an_engine_that_does_not_run_which_is_an_error_if_asked_for(with_engine: Bundle):
    info = open_backend(with_engine).info
    assert info.runtime.startswith("onnxruntime")
    with pytest.raises(BackendError) as caught:
        open_backend(with_engine, runtime="tensorrt-rtx")
    assert str(caught.value) in info.reason


def test_engine_that_fits_is_taken_on_cuda(with_engine: Bundle, monkeypatch: pytest.MonkeyPatch):
    class Engine:  # in place of a GPU
        def __init__(self, bundle: Bundle, kind: Any, number: int, precision: str | None, reason: str) -> None:
            self.info = BackendInfo(kind, f"cuda:{number}", str(precision), reason)

    monkeypatch.setattr(fashionsdk.backends.tensorrt, "open_engine", Engine)
    assert open_backend(with_engine).info == BackendInfo(
        "tensorrt-rtx", "cuda:0", "fp32", "an engine of the bundle fits this GPU"
    )
    assert open_backend(with_engine, "cuda:1", "fp32").info == BackendInfo(
        "tensorrt-rtx", "cuda:1", "fp32", "device='cuda:1' was asked for; an engine of the bundle fits this GPU"
    )
    assert open_backend(with_engine, "cpu").info.device == "cpu"
    assert open_backend(with_engine, runtime="openvino").info.device == "cpu"


def test_auto_skips_an_engine_that_does_not_start(with_engine: Bundle, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise BackendError("out of memory")

    monkeypatch.setattr(fashionsdk.backends.tensorrt, "open_engine", fail)
    assert open_backend(with_engine).info.reason.startswith("out of memory; ")
    with pytest.raises(BackendError, match="out of memory"):
        open_backend(with_engine, runtime="tensorrt-rtx")


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", "", "cpu:0"])
def test_unknown_device_is_a_value_error(bundle: Bundle, device: str):
    with pytest.raises(ValueError, match="expected 'auto', 'cpu', 'cuda' or 'cuda:N'"):
        open_backend(bundle, device)


@pytest.mark.parametrize("precision", ["FP16", "", "half"])
def test_unknown_precision_is_a_value_error(bundle: Bundle, precision: str):
    with pytest.raises(ValueError, match="expected None, 'fp32', 'fp16', 'int8', 'bf16'"):
        open_backend(bundle, precision=precision)


@pytest.mark.parametrize("runtime", ["ort", "", "TensorRT"])
def test_unknown_runtime_is_a_value_error(bundle: Bundle, runtime: str):
    with pytest.raises(
        ValueError,
        match=f"runtime is '{runtime}'; expected 'auto', 'onnxruntime', 'onnxruntime-rtx', 'openvino'",
    ):
        open_backend(bundle, runtime=runtime)


def test_threads_below_one_are_rejected(bundle: Bundle):
    for runtime in ("auto", *RUNTIMES):
        with pytest.raises(ValueError, match="threads is 0"):
            open_backend(bundle, threads=0, runtime=runtime)
