"""``export/build_engine.py`` as it is typed: every precision, an engine of each, and mistakes before the work."""

import pytest
import torch

from fashionsdk import Bundle, check
from fashionsdk_export import cli
from fashionsdk_export.precision.judge import Goal
from fashionsdk_export.precision.lower import GOALS
from fashionsdk_training.distributed import Processes
from fashionsdk_training.trainer import Trainer
from tests.training.conftest import data, table, tiny_config  # noqa: F401 (fixtures)

RTX = ("--engine", "tensorrt-rtx", "--compute-capability", "8.9")


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):  # noqa: F811
    """A finished run's best checkpoint."""
    out = tmp_path_factory.mktemp("run")
    Trainer(tiny_config(epochs=1), data, out, Processes(0, 1, torch.device("cpu"))).fit()
    return out / "best"


@pytest.fixture(scope="module")
def bundle(run, tmp_path_factory):
    out = tmp_path_factory.mktemp("export") / "bundle"
    assert cli.main([str(run), "--out", str(out)]) == 0
    return out


def test_one_command_gives_every_precision_its_map_and_an_engine_of_each(run, table, tmp_path, monkeypatch, capsys):  # noqa: F811
    for precision in ("fp16", "int8"):  # a network after one epoch on 40 photos does not reach what a trained one does
        monkeypatch.setitem(GOALS, precision, Goal(1.0, 0.0))
    out = tmp_path / "bundle"
    command = [str(run), "--out", str(out), "--precision", "fp32", "fp16", "int8", "--data", str(table)]
    assert cli.main([*command, "--map-loss", "100", *RTX]) == 0, capsys.readouterr().err
    manifest = Bundle.open(out).manifest
    assert [graph.precision for graph in manifest.graphs] == ["fp32", "fp16", "int8"]
    assert all(0 <= graph.parity["map"] <= 100 for graph in manifest.graphs)
    for graph in manifest.graphs[1:]:
        assert graph.parity["map_loss"] == pytest.approx(manifest.graphs[0].parity["map"] - graph.parity["map"])
        assert check(out, precision=graph.precision, device="cpu").ok
    engines = {(engine.kind, engine.precision, engine.compute_capability) for engine in manifest.engines}
    assert engines == {("tensorrt-rtx", precision, "8.9") for precision in ("fp32", "fp16", "int8")}
    said = capsys.readouterr().out
    assert said.count("MAP over queries") == 3
    assert said.count("layers read back") == 3


def test_a_bundle_gets_engines_and_keeps_what_it_has(bundle, tmp_path):
    out = tmp_path / "more"
    assert cli.main([str(bundle), "--out", str(out), *RTX]) == 0
    assert cli.main([str(out), "--out", str(out), "--overwrite", *RTX[:2], "--compute-capability", "8.6,8.9"]) == 0
    before, after = Bundle.open(bundle).manifest, Bundle.open(out).manifest
    assert after.graphs == before.graphs
    assert after.model == before.model
    assert [engine.compute_capability for engine in after.engines] == ["8.9", "8.6,8.9"]
    assert all((out / engine.file).stat().st_size > 1000 for engine in after.engines)


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
        (("--photos", "nowhere"), "nowhere"),
    ],
)
def test_a_mistake_is_one_line_before_any_work(run, table, tmp_path, monkeypatch, capsys, options, says):  # noqa: F811
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


def test_what_may_not_be_replaced_is_refused_before_any_work(run, bundle, monkeypatch, capsys):
    monkeypatch.setattr("fashionsdk_export.pipeline.export_graph", None)
    monkeypatch.setattr("fashionsdk_export.engines.build_engine", None)
    for model in (run, bundle):
        assert cli.main([str(model), "--out", str(bundle), *RTX]) == 1
        assert "exists; choose another folder" in capsys.readouterr().err


def test_a_table_without_the_models_attributes_is_refused(run, tmp_path, table, capsys):  # noqa: F811
    other = table.parent / "other.csv"
    other.write_text(table.read_text().replace("image,split,colour,stripes", "image,split,fabric,fit"))
    assert cli.main([str(run), "--out", str(tmp_path / "bundle"), "--data", str(other)]) == 1
    assert "the table has no query for colour, stripes" in capsys.readouterr().err
