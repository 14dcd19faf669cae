"""``export/build_engine.py`` on the command line: every precision, an engine of each, and errors before long work."""

import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from io import StringIO

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from fashionsdk import Bundle, check
from fashionsdk.backends._host import int8_saturates
from fashionsdk.embedding._parity import Tolerance, compare
from fashionsdk.labels import read_retrieval
from fashionsdk_export.cli import build_engine_command as cli
from fashionsdk_export.errors import ExportError
from fashionsdk_export.parity.graph_evaluation import GraphEvaluation
from fashionsdk_export.precision.lowering import GOALS
from fashionsdk_export.precision.precision_loss import Goal
from fashionsdk_export.precision.symmetric import to_symmetric
from tests.export.graphs import run as run_graph
from tests.export.traced_once import exports_by

RTX = ("--engine", "tensorrt-rtx", "--compute-capability", "8.9")

needs_vnni = pytest.mark.skipif(int8_saturates() is True, reason="OpenVINO computes int8 on CPUs with VNNI only")


@pytest.fixture
def bundle(report):
    return report.bundle.path


@pytest.fixture(scope="module")
def everything(run, table, export_once, tmp_path_factory):
    """A bundle of every precision with an engine of each, and what was printed."""
    out = tmp_path_factory.mktemp("everything") / "bundle"
    command = [str(run), "--out", str(out), "--precision", "fp32", "fp16", "int8", "--data", str(table)]
    with exports_by(export_once), pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as said:
        for precision in ("fp16", "int8"):  # after one epoch on 40 photos it does not reach what a trained one does
            patch.setitem(GOALS, precision, Goal(1.0, 0.0))
        assert cli.main([*command, "--map-loss", "100", *RTX]) == 0
    return out, said.getvalue()


def test_one_command_gives_every_precision_its_map_and_an_engine_of_each(everything):
    out, said = everything
    manifest = Bundle.open(out).manifest
    assert [graph.precision for graph in manifest.graphs] == ["fp32", "fp16", "int8"]
    assert all(0 <= graph.parity["map"] <= 100 for graph in manifest.graphs)
    for graph in manifest.graphs:
        assert graph.quality is not None
        assert set(graph.quality.values) <= {attribute.name for attribute in manifest.attributes}
        assert all(0 <= graph.quality.map(name) <= 100 for name in graph.quality.values)
    for graph in manifest.graphs[1:]:
        assert graph.parity["map_loss"] == pytest.approx(manifest.graphs[0].parity["map"] - graph.parity["map"])
        assert check(out, precision=graph.precision, device="cpu").ok
    engines = [(engine.kind, engine.precision, engine.compute_capability) for engine in manifest.engines]
    assert engines == [("tensorrt-rtx", precision, "8.9") for precision in ("fp16", "fp32", "int8")]
    assert said.count("layers read back") == 3


@needs_vnni
def test_each_graph_is_measured_in_every_runtime_and_the_worst_is_its_parity(everything):
    out, said = everything
    manifest = Bundle.open(out).manifest
    both = [f"{name} {version(name)}" for name in ("onnxruntime", "openvino")]
    measured = manifest.extra["runtimes"]
    assert {precision: list(found) for precision, found in measured.items()} == {
        "fp32": both,
        "fp16": both[:1],
        "int8": both,
    }
    for graph in manifest.graphs:
        assert said.count(f"largest difference   {graph.parity['max_abs_difference']:.1e}") >= 1
        for name, value in graph.parity.items():
            values = [found[name] for found in measured[graph.precision].values() if name in found]
            assert value == (max(values) if "difference" in name or name == "map_loss" else min(values))
    assert [len([found for found in measured[name].values() if "map" in found]) for name in measured] == [1, 1, 2]
    assert said.count("MAP over queries") == 4
    assert said.count("photos' neighbours") == 3
    assert measured["int8"][both[1]]["low_cosine"] == check(out, precision="int8", runtime="openvino").parity.low_cosine


@needs_vnni
def test_a_graph_that_loses_map_or_the_photos_neighbours_in_a_runtime_is_rejected(everything, table, monkeypatch):
    examine = GraphEvaluation(Bundle.open(everything[0]), read_retrieval(table, "valid"), map_loss=100)
    assert list(examine("int8")) == ["onnxruntime", "openvino"]
    monkeypatch.setattr("fashionsdk_export.parity.graph_evaluation.TOLERANCES", {"int8": Tolerance(0.9, 1.01, 0.3)})
    with pytest.raises(ExportError, match=r"int8 graph in onnxruntime keeps .* nearest neighbours, expected 101% or"):
        examine("int8")
    examine.map += 101
    with pytest.raises(ExportError, match=r"in onnxruntime where fp32 reaches .* a loss of more than 100 points"):
        examine("int8")


def test_the_int8_graph_for_tensorrt_is_compared(everything, tmp_path, monkeypatch, capsys):
    out, said = everything
    assert "the int8 graph for TensorRT, with signed activations\nok: 16 reference images on onnxruntime" in said
    recorded = Bundle.open(out).manifest.extra["signed_int8"]
    signed = to_symmetric(onnx.load(out / "model.int8.onnx"))
    reference = Bundle.open(out).reference()
    answers = run_graph(signed, reference.images)
    assert recorded["low_cosine"] == pytest.approx(
        compare(reference, answers["embeddings"], answers["attention"]).low_cosine, abs=1e-6
    )

    def wide(model):
        """Return the graph with activations that have steps a hundred times as wide."""
        broken = to_symmetric(model)
        steps = {node.input[1] for node in broken.graph.node if node.op_type == "QuantizeLinear"}
        for constant in broken.graph.initializer:
            if constant.name in steps:
                constant.CopyFrom(
                    numpy_helper.from_array(numpy_helper.to_array(constant) * np.float32(100), constant.name)
                )
        return broken

    monkeypatch.setattr("fashionsdk_export.engines.bundle_engines.to_symmetric", wide)
    assert cli.main([str(out), "--out", str(tmp_path / "more"), *RTX]) == 1
    assert "with the signed activations that TensorRT needs, so no engine was built" in capsys.readouterr().err
    assert not (tmp_path / "more").exists()


@pytest.mark.usefixtures("networks_traced_before")
def test_when_an_engine_fails_the_graphs_are_written_and_the_command_for_the_engine_is_named(run, tmp_path, capsys):
    out = tmp_path / "the bundle"

    def fail(*arguments, **options):
        raise ExportError("no engine today")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fashionsdk_export.engines.bundle_engines.build_engine", fail)
        assert cli.main([str(run), "--out", str(out), *RTX, "--max-batch", "4"]) == 1
    advice, error = capsys.readouterr().err.splitlines()[-2:]
    assert error == "build_engine.py: error: no engine today"
    assert Bundle.open(out).manifest.engines == ()
    program, script, *command = shlex.split(advice.partition("after fixing the problem, add them with: ")[2])
    assert (program, script) == ("python", "export/build_engine.py")
    assert cli.main(command) == 0
    (engine,) = Bundle.open(out).manifest.engines
    assert (engine.kind, engine.compute_capability, engine.max_batch) == ("tensorrt-rtx", "8.9", 4)


@pytest.mark.parametrize(
    ("missing", "model", "extra"),
    [("onnx", "bundle", "tensorrt-rtx"), ("onnxruntime", "bundle", "cpu"), ("timm", "run", "export,cpu")],
)
def test_a_package_that_is_missing_is_named_with_the_extra_that_brings_it(
    everything, run, tmp_path, missing, model, extra
):
    program = f"import sys; sys.modules[{missing!r}] = None; from fashionsdk_export import cli; sys.exit(cli.main())"
    source = str(run) if model == "run" else str(everything[0])
    options = () if model == "run" else RTX
    command = [sys.executable, "-c", program, source, "--out", str(tmp_path / "out"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{missing} cannot be imported" in done.stderr
    assert f"fashionsdk[{extra}]" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_bundle_gets_engines_and_keeps_what_it_has(bundle, tmp_path):
    out = tmp_path / "more"
    assert cli.main([str(bundle), "--out", str(out), *RTX]) == 0
    assert cli.main([str(out), "--out", str(out), "--overwrite", *RTX[:2], "--compute-capability", "8.6,8.9"]) == 0
    before, after = Bundle.open(bundle).manifest, Bundle.open(out).manifest
    assert after.graphs == before.graphs
    assert after.model == before.model
    assert [engine.compute_capability for engine in after.engines] == ["8.6,8.9", "8.9"]
    assert all((out / engine.file).stat().st_size > 1000 for engine in after.engines)
    assert cli.main([str(out), "--out", str(out), "--overwrite", *RTX]) == 0
    assert Bundle.open(out).manifest.engines == after.engines  # one that is built again stays where it was


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--precision", "int8"), "int8 is calibrated on photos"),
        (("--precision", "fp16", "fp16"), "each once"),
        (("--map-loss", "1"), "--map-loss was given without --data"),
        (("--max-batch", "4"), "--max-batch was given without --engine"),
        (("--data", "TABLE", "--photos", "x.jpg"), "expected one of them"),
        (("--data", "TABLE", "--map-loss", "nan"), "expected points of MAP"),
        (("--engine", "tensorrt-rtx", "--min-batch", "9", "--max-batch", "4"), "batch range is 9, 9, 4"),
        (("--photos", "nowhere", "--precision", "fp16"), "nowhere"),
        (("--photos", "."), "--photos was given, but fp32 is exact"),
        (("--split", "test"), "--split was given without --data"),
        (("--engine", "tensorrt-rtx", "--compute-capability", "9.9"), "does not build for compute capability 9.9"),
    ],
)
def test_a_mistake_is_one_line_before_any_work(run, table, tmp_path, monkeypatch, capsys, options, says):
    monkeypatch.setattr("fashionsdk_export.pipeline.export_graph", None)  # the work
    words = [str(table) if word == "TABLE" else word for word in options]
    assert cli.main([str(run), "--out", str(tmp_path / "bundle"), *words]) != 0
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "is a bundle, which can only be given engines"),
        ((*RTX, "--split", "test"), "--split was given without --data"),
        ((*RTX, "--precision", "fp32", "fp32"), "each once"),
        ((*RTX, "--precision", "int8"), "has no int8 graph"),
        (("--engine", "tensorrt-rtx", "--compute-capability", "9.9"), "9.9"),
        (("--engine", "tensorrt"), "tensorrt"),
    ],
)
def test_a_mistake_with_a_bundle_is_one_line(bundle, tmp_path, capsys, options, says):
    assert cli.main([str(bundle), "--out", str(tmp_path / "more"), *options]) != 0
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--out", "FULL"), "exists; choose another folder"),
        (("--out", "new", "--precision", "int8"), "int8 is calibrated on photos"),
        (("--out", "new", "--precision", "fp16", "fp16"), "each once"),
        (("--out", "new", "--data", "none.csv"), "none.csv"),
        (("--out", "new", "--max-batch", "4"), "--max-batch was given without --engine"),
        (("--out", "new", "--out", "other"), "argument --out: given twice; expected it once"),
    ],
)
def test_a_wrong_argument_is_noticed_before_pytorch_is_imported(tmp_path, options, says):
    for name in ("checkpoint/config.json", "full/notes.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("{}")
    program = """
import sys
from fashionsdk_export.cli import main
try:
    status = main()
except SystemExit as error:
    status = error.code
print(status, "torch" in sys.modules, "onnx" in sys.modules)"""
    words = [str(tmp_path / "full") if word == "FULL" else word for word in options]
    command = [sys.executable, "-c", program, str(tmp_path / "checkpoint"), *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] in ("1", "2")
    assert done.stdout.split()[1:] == ["False", "False"]
    assert says in done.stderr


def test_a_folder_that_may_not_be_replaced_is_an_error_before_any_work(run, bundle, monkeypatch, capsys):
    monkeypatch.setattr("fashionsdk_export.pipeline.export_graph", None)
    monkeypatch.setattr("fashionsdk_export.engines.bundle_engines.build_engine", None)
    for model in (run, bundle):
        assert cli.main([str(model), "--out", str(bundle), *RTX]) == 1
        assert "exists; choose another folder" in capsys.readouterr().err


def test_a_table_without_the_models_attributes_is_rejected(run, tmp_path, table, capsys):
    other = table.parent / "other.csv"
    other.write_text(table.read_text().replace("image,split,colour,stripes", "image,split,fabric,fit"))
    assert cli.main([str(run), "--out", str(tmp_path / "bundle"), "--data", str(other)]) == 1
    assert "the table has no query for colour, stripes" in capsys.readouterr().err
