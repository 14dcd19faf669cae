"""Checkpoint to bundle: checked against PyTorch, and written completely or not at all."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from fashionsdk import Bundle, BundleError, Embedder, Preprocessing, check
from fashionsdk_export import pipeline
from fashionsdk_export.cli import build_engine_command as cli
from fashionsdk_export.errors import ExportError
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training.checkpoint import Checkpoint
from tests.training.conftest import SIDE

GRAPH_ATOL = 1e-5


def test_the_bundle_embeds_like_the_checkpoint(run, report):
    images = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)
    got = Embedder(report.bundle.path).embed(images, attention=True)
    with torch.inference_mode():
        expected = Checkpoint.load(run).build()(torch.from_numpy(images))
    np.testing.assert_allclose(got.vectors, expected.embeddings, rtol=0, atol=GRAPH_ATOL)
    assert got.attention is not None
    np.testing.assert_allclose(got.attention, expected.attention, rtol=0, atol=GRAPH_ATOL)


@pytest.mark.usefixtures("networks_traced_before")
def test_a_bundle_fits_photos_as_the_checkpoint_was_trained(run, tmp_path):
    padded = replace(Checkpoint.load(run), preprocessing=Preprocessing(SIDE, fit="pad"))
    path = build_bundle(padded, tmp_path / "padded").bundle.path
    photo = np.random.default_rng(1).integers(0, 256, (40, 90, 3), dtype=np.uint8)
    with Embedder(path) as embedder, torch.inference_mode():
        found = embedder.embed(photo).vectors
        expected = padded.build()(torch.from_numpy(padded.preprocessing.read(photo))[None])
    np.testing.assert_allclose(found, expected.embeddings, rtol=0, atol=GRAPH_ATOL)
    assert Bundle.open(path).manifest.model.digest != Checkpoint.load(run).digest  # other vectors: not to be mixed


def test_the_manifest_agrees_with_the_checkpoint(run, report):
    checkpoint, manifest = Checkpoint.load(run), Bundle.open(report.bundle.path).manifest
    assert manifest.attributes == checkpoint.attributes
    assert manifest.preprocessing == checkpoint.preprocessing
    assert manifest.model.digest == checkpoint.digest
    assert [dict(row) for row in manifest.history] == [dict(row) for row in checkpoint.history]
    assert manifest.metrics == checkpoint.metrics
    assert manifest.engines == ()
    parity = manifest.graphs[0].parity
    assert parity["max_abs_difference"] < 1e-4
    assert parity["min_cosine"] == pytest.approx(1)
    assert parity["neighbour_agreement"] == 1
    assert check(report.bundle.path).ok


def test_a_graph_that_gives_other_numbers_is_not_written(run, report, tmp_path, monkeypatch):
    def wrong(static, input, path, **options):
        graph = onnx.load(report.bundle.graph_path("fp32"))
        queries = static.constant0.numpy()
        (stored,) = (each for each in graph.graph.initializer if np.array_equal(numpy_helper.to_array(each), queries))
        other = np.random.default_rng(0).normal(scale=5, size=queries.shape).astype(np.float32)
        stored.CopyFrom(numpy_helper.from_array(other, stored.name))
        onnx.save(graph, path)

    monkeypatch.setattr(pipeline, "export_graph", wrong)
    with pytest.raises(ExportError, match="does not give PyTorch's numbers"):
        build_bundle(Checkpoint.load(run), tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("networks_traced_before")
def test_an_existing_bundle_is_replaced_only_when_asked(run, tmp_path, capsys):
    out = str(tmp_path / "bundle")
    assert cli.main([str(run), "--out", out]) == 0
    assert "largest difference" in capsys.readouterr().out
    assert cli.main([str(run), "--out", out]) == 1
    assert "exists" in capsys.readouterr().err
    assert cli.main([str(run), "--out", out, "--overwrite"]) == 0
    with pytest.raises(BundleError, match="exists"):
        build_bundle(Checkpoint.load(run), out)


def test_a_missing_checkpoint_is_one_line_on_stderr(tmp_path, capsys):
    assert cli.main([str(tmp_path / "none"), "--out", str(tmp_path / "bundle")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("build_engine.py: error:")
    assert "not a readable checkpoint" in error
    assert error.count("\n") == 1


def test_a_checkpoint_and_its_bundle_evaluate_alike(run, report, table, capsys):
    from fashionsdk_training.cli import evaluate

    results = []
    for model in (run, report.bundle.path):
        assert evaluate([str(model), "--data", str(table), "--json"]) == 0
        results.append(json.loads(capsys.readouterr().out))
    assert results[0]["attributes"] == results[1]["attributes"]
    assert results[0]["overall"] == results[1]["overall"]
    assert results[0]["overall"]["map"] == pytest.approx(Checkpoint.load(run).metrics["map"], abs=0.01)
