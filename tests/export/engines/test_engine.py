"""Engines of every system in every precision, really built by TensorRT for RTX, which needs no GPU."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from fashionsdk._tools.progress import progress_bar
from fashionsdk.bundle import Precision
from fashionsdk_export.engines import BuiltEngine, EngineConfig, EngineLayer, build_engine, check_layers
from fashionsdk_export.engines import engine_builder as build
from fashionsdk_export.engines.engine_layers import parse_layers
from fashionsdk_export.errors import ExportError
from fashionsdk_export.precision.half import spell_out_norms, to_half
from fashionsdk_export.precision.int8 import Quantiser
from fashionsdk_export.precision.node_groups import HEAVY, node_groups
from fashionsdk_export.precision.symmetric import to_symmetric
from tests.export.graphs import images
from tests.training.conftest import SYSTEMS

tensorrt_rtx = pytest.importorskip("tensorrt_rtx")

ADA = EngineConfig("tensorrt-rtx", "8.9", max_batch=8)
TYPES = {"fp32": "Float", "fp16": "Half", "int8": "Int8"}
Maker = Callable[[str, Precision], Path]


def write_graph(base: onnx.ModelProto, precision: Precision, out: Path) -> None:
    """Write the graph ``base``, which is in float32, in another precision."""
    if precision == "fp16":
        spelt = spell_out_norms(base)
        sums = [part for part in node_groups(spelt) if any("softmax" in name or "norm" in name for name in part)]
        onnx.save(to_half(spelt, [name for part in sums for name in part]), out)
    else:
        quantiser = Quantiser(base, images(4))
        onnx.save(to_symmetric(quantiser.quantise(quantiser.layers())), out)


@pytest.fixture(scope="module")
def graph(exported: Any, graph_of: Any, tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Return a function that makes a system's graph, once."""
    folder = tmp_path_factory.mktemp("graphs")

    def make(system: str, precision: Precision) -> Path:
        if precision == "fp32":
            return Path(exported(system).graph_path("fp32"))
        path: Path = folder / f"{system}.{precision}.onnx"
        if not path.exists():
            write_graph(graph_of(system), precision, path)
        return path

    return make


def heavy(path: Path) -> list[str]:
    return [node.name for node in onnx.load(path).graph.node if node.op_type in HEAVY]


def operands(engine: BuiltEngine, node: str) -> set[str]:
    """Return the types that the kernels of a node read, those of light kernels beside them left out."""
    kernels = [layer for layer in engine.layers if node in layer.nodes and layer.kind != "kgen"]
    return {name for layer in kernels for name in (*layer.inputs, *layer.constants)}


def ends_in_float32(engine: BuiltEngine, node: str) -> bool:
    """Return whether one kernel computes a node and, after a cast, light nodes that were left in float32."""
    return any(part.startswith("cast_") for layer in engine.layers if node in layer.nodes for part in layer.nodes)


@pytest.mark.parametrize("precision", [pytest.param("fp32", marks=pytest.mark.long), "fp16", "int8"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_becomes_an_engine_in_every_precision(graph, system, precision):
    path = graph(system, precision)
    engine = build_engine(path, precision, ADA)
    assert (engine.kind, engine.compute_capability) == ("tensorrt-rtx", "8.9")
    assert engine.library_version == tensorrt_rtx.__version__
    assert len(engine.data) > 100_000
    named = {name for layer in engine.layers for name in layer.nodes}
    assert named.issuperset(heavy(path))
    convolutions = [node.name for node in onnx.load(path).graph.node if node.op_type == "Conv"]
    for name in convolutions:
        found = operands(engine, name)
        assert TYPES[precision] in found
        assert precision == "int8" or found == {TYPES[precision]} or ends_in_float32(engine, name)


@pytest.mark.parametrize(("made", "said"), [("fp32", "fp16"), ("fp32", "int8"), ("fp16", "fp32"), ("int8", "fp16")])
def test_a_graph_of_another_precision_than_it_is_said_to_be_is_rejected(graph, made, said):
    with pytest.raises(ExportError, match=f"is said to be {said}, of its convolutions and matrix products .* in "):
        build_engine(graph("asen", made), said, ADA)


@pytest.mark.parametrize("kind", ["Conv", "MatMul"])
def test_a_node_that_computes_in_another_precision_than_the_graph_says_is_found(graph, tmp_path, kind):
    """The engine comes from a graph with one node, and the light one that reads it, left in float32."""
    base = spell_out_norms(onnx.load(graph("asen", "fp32")))
    nodes = list(base.graph.node)
    left = next(node for node in nodes if node.op_type == kind)
    reader = next(node for node in nodes if left.output[0] in node.input)
    onnx.save(to_half(base, [left.name, reader.name]), tmp_path / "mixed.onnx")
    onnx.save(to_half(base), tmp_path / "half.onnx")
    mixed = build_engine(tmp_path / "mixed.onnx", "fp16", ADA)  # as its own graph says
    assert operands(mixed, left.name) == {"Float"}
    with pytest.raises(ExportError, match=rf"says: {left.name} \(float16\) runs as \w+ of Float") as caught:
        check_layers(mixed.layers, "fp16", tmp_path / "half.onnx")
    assert "(float16)" not in str(caught.value).replace(f"{left.name} (float16)", "")
    half = build_engine(tmp_path / "half.onnx", "fp16", ADA)
    with pytest.raises(ExportError, match=rf"{left.name} \(float32\) runs as \w+ of Half"):
        check_layers(half.layers, "fp16", tmp_path / "mixed.onnx")


def test_a_float32_node_alone_between_casts_may_run_in_half(graph, tmp_path):
    """TensorRT for RTX may compute between such casts in half; see docs/decisions/engines.md."""
    base = onnx.load(graph("csn", "fp32"))
    alone = heavy(graph("csn", "fp32"))[3]
    onnx.save(to_half(base, [alone]), tmp_path / "alone.onnx")
    assert operands(build_engine(tmp_path / "alone.onnx", "fp16", ADA), alone) <= {"Half", "Float"}


def test_a_convolution_that_lost_its_quantisation_is_found(graph, tmp_path):
    path = graph("csn", "int8")
    layers = build_engine(graph("csn", "fp32"), "fp32", ADA).layers
    with pytest.raises(
        ExportError, match=r"node_Conv_\d+ \(int8\) runs as correlation of Float, Float.*; and \d+ more"
    ):
        check_layers(layers, "int8", path)


def test_a_node_that_no_layer_names_is_an_error(graph):
    path = graph("csn", "fp32")
    layers = build_engine(path, "fp32", ADA).layers
    lost = heavy(path)[2]
    others = [layer for layer in layers if lost not in layer.nodes]
    with pytest.raises(ExportError, match=rf"{lost} \(float32\) is in no layer"):
        check_layers(others, "fp32", path)


def test_several_compute_capabilities_and_batches_go_into_one_engine(graph, monkeypatch):
    described: list[str] = []

    def parse(text: str) -> tuple[EngineLayer, ...]:
        described.append(text)
        return parse_layers(text)

    monkeypatch.setattr(build, "parse_layers", parse)
    config = EngineConfig("tensorrt-rtx", "8.6,8.9,12.0", min_batch=2, opt_batch=3, max_batch=5, workspace=2)
    assert build_engine(graph("csn", "fp16"), "fp16", config).compute_capability == "8.6,8.9,12.0"
    (description,) = described
    assert "MinShape: [2,48,48,3], OptShape: [3,48,48,3], MaxShape: [5,48,48,3]" in description


def test_a_compute_capability_that_the_library_does_not_have_is_told_with_those_it_has(graph):
    with pytest.raises(
        ExportError, match=r"does not build for compute capability 3\.5, 99\.9; it builds for .*8\.9.*12\.0"
    ):
        build_engine(graph("csn", "fp32"), "fp32", EngineConfig("tensorrt-rtx", "8.9,3.5,99.9"))


def test_building_for_the_gpu_at_hand_needs_one(graph):
    if Path("/dev/nvidia0").exists():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ExportError, match=r"tensorrt-rtx needs a GPU to build for: .*; or name the compute capability"):
        build_engine(graph("csn", "fp32"), "fp32", EngineConfig("tensorrt-rtx"))


def test_a_missing_library_is_an_error_that_says_what_to_install(graph):
    if hasattr(pytest.importorskip("tensorrt"), "Builder"):  # the folder of its type stubs has none
        pytest.skip("tensorrt is installed")
    with pytest.raises(ExportError, match=r'pip install "fashionsdk\[tensorrt\]"'):
        build_engine(graph("csn", "fp32"), "fp32", EngineConfig("tensorrt"))


def test_the_reason_of_a_failed_build_is_told(graph):
    tiny = EngineConfig("tensorrt-rtx", "8.9", workspace=1e-9)
    with pytest.raises(ExportError, match=r"cannot build .*: .*(workspace|OutOfMemory)") as caught:
        build_engine(graph("csn", "fp32"), "fp32", tiny)
    assert "cudaError" not in str(caught.value)


def test_what_the_parser_does_not_take_is_told(graph, tmp_path):
    model = onnx.load(graph("csn", "fp32"))
    relu = next(node for node in model.graph.node if node.op_type == "Relu")
    relu.op_type, relu.name = "Det", "node_that_nobody_has"
    onnx.save(model, tmp_path / "strange.onnx")
    with pytest.raises(ExportError, match="node_that_nobody_has"):
        build_engine(tmp_path / "strange.onnx", "fp32", ADA)


def test_unsigned_activations_are_rejected_since_tensorrt_would_clip_them(graph, tmp_path):
    base = onnx.load(graph("csn", "fp32"))
    quantiser = Quantiser(base, images(4))
    onnx.save(quantiser.quantise(quantiser.layers()), tmp_path / "unsigned.onnx")
    with pytest.raises(ExportError, match=r"quantises to uint8, which TensorRT reads as int8 .*to_symmetric"):
        build_engine(tmp_path / "unsigned.onnx", "int8", ADA)


@pytest.mark.parametrize("content", [None, b"", b"no graph"])
def test_a_file_that_is_no_graph_is_an_error(tmp_path, content):
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ExportError, match=r"model\.onnx"):
        build_engine(path, "fp32", ADA)


def test_a_graph_of_one_batch_size_or_of_another_input_is_rejected(graph, tmp_path):
    model = onnx.load(graph("csn", "fp32"))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    del model.graph.value_info[:]
    onnx.save(model, tmp_path / "fixed.onnx")
    with pytest.raises(ExportError, match=r"has the inputs images \(4, 48, 48, 3\); expected images \(B, H, W, 3\)"):
        build_engine(tmp_path / "fixed.onnx", "fp32", ADA)


def test_nodes_without_names_are_rejected(graph, tmp_path):
    model = onnx.load(graph("csn", "fp32"))
    next(node for node in model.graph.node if node.op_type == "Conv").name = ""
    onnx.save(model, tmp_path / "nameless.onnx")
    with pytest.raises(ExportError, match="need a name each"):
        build_engine(tmp_path / "nameless.onnx", "fp32", ADA)


def test_engines_that_are_built_at_once_are_told_apart(graph):
    built: dict[str, BuiltEngine] = {}
    paths = {precision: graph("csn", precision) for precision in ("fp32", "fp16")}

    def run(precision: Precision) -> None:
        built[precision] = build_engine(paths[precision], precision, ADA)

    threads = [threading.Thread(target=run, args=[precision]) for precision in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built.keys() == paths.keys()  # each passed the check of its own graph


@pytest.mark.usefixtures("plain_signals")
def test_ctrl_c_ends_a_build(graph, monkeypatch):
    def press(*arguments, **named):
        os.kill(os.getpid(), signal.SIGINT)
        return progress_bar(*arguments, **named)

    monkeypatch.setattr(build, "progress_bar", press)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        build_engine(graph("csn", "fp32"), "fp32", ADA)
    assert signal.getsignal(signal.SIGINT) is before
    monkeypatch.undo()
    assert build_engine(graph("csn", "fp32"), "fp32", ADA).data


def test_the_bar_ends_full_and_a_quick_build_shows_none(graph, monkeypatch, capsys):
    bars = []

    def keep(*arguments, **named):
        bars.append(progress_bar(*arguments, **named))
        return bars[-1]

    monkeypatch.setattr(build, "progress_bar", keep)
    build_engine(graph("csn", "fp32"), "fp32", ADA, progress=True)
    (bar,) = bars
    assert bar.total is not None
    assert bar.n == bar.total > 50
    assert capsys.readouterr().err == ""


@pytest.mark.gpu("tensorrt")
@pytest.mark.parametrize("precision", TYPES)
def test_tensorrt_builds_for_the_gpu_at_hand_and_keeps_its_timings(graph, tmp_path, precision):
    if not hasattr(pytest.importorskip("tensorrt"), "Builder"):
        pytest.skip("tensorrt is not installed, only its type stubs")
    config = EngineConfig("tensorrt", max_batch=8, timing_cache=tmp_path / "timings", optimisation_level=1)
    path = graph("asen", precision)
    first = build_engine(path, precision, config)
    timings = (tmp_path / "timings").read_bytes()
    assert timings
    assert first.compute_capability == build_engine(path, precision, config).compute_capability
    (tmp_path / "timings").write_bytes(timings[: len(timings) // 2])
    with pytest.raises(ExportError, match="does not accept the timing cache"):
        build_engine(path, precision, config)
