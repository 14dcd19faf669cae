"""A run beside linear classifiers: the same weights, the lines of its log, and what its checkpoint says."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from fashionsdk.evaluation import evaluate, paired_bootstrap
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli.train_command import train
from fashionsdk_training.loop.distributed import Processes
from fashionsdk_training.loop.run_baseline import comparison_table
from fashionsdk_training.loop.trainer import Trainer
from fashionsdk_training.probe import FrozenNetwork
from fashionsdk_training.recipes import RECIPES
from tests.sdk.evaluation.random_embeddings import batches, random_vectors
from tests.sdk.evaluation.test_evaluation import random_split
from tests.training.conftest import tiny_config
from tests.training.loop.runs import ALONE, assert_same, tensors


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """Settings with pretrained weights."""
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    save_file(timm.create_model("test_resnet", num_classes=0).state_dict(), path)
    return tiny_config(epochs=2, pretrained=str(path))


@pytest.fixture(scope="module")
def beside(pretrained, data, tmp_path_factory):
    """A run with a baseline."""
    out = tmp_path_factory.mktemp("runs") / "beside"
    Trainer(pretrained, data, out, ALONE, baseline=True).fit()
    return out


def lines(caplog) -> list[str]:
    return "\n".join(record.getMessage() for record in caplog.records).splitlines()


def test_the_weights_are_the_same_with_and_without_a_baseline(pretrained, data, beside, tmp_path):
    without = Trainer(pretrained, data, tmp_path, ALONE).fit()
    assert_same(tensors(tmp_path), tensors(beside))
    best = Checkpoint.load(beside / "best")
    assert_same(dict(without.weights), dict(best.weights))
    assert without.recipe == best.recipe
    assert not (tmp_path / "baseline").exists()
    Trainer(replace(pretrained, epochs=3), data, tmp_path, ALONE, baseline=True).fit()  # it may go on with one
    probes = [load_file(run / "baseline/probe.safetensors") for run in (tmp_path, beside)]
    assert_same(*probes)


def test_the_checkpoint_says_what_linear_classifiers_reach(beside, data):
    metrics = Checkpoint.load(beside / "best").metrics
    linear = {name for name in metrics if name.startswith("linear")}
    assert linear == {"linear_map", "linear_map/colour", "linear_map/stripes"}
    assert all(metrics["random_map"] < metrics[name] <= 100 for name in linear)
    assert next(iter(metrics)) == "map"


def test_the_log_shows_the_baseline_first_beside_each_epoch_and_at_the_end(pretrained, data, tmp_path, caplog):
    caplog.set_level("INFO")
    checkpoint = Trainer(replace(pretrained, epochs=1), data, tmp_path, ALONE, baseline=True).fit()
    said, metrics = lines(caplog), checkpoint.metrics
    chance, linear = f"random {metrics['random_map']:.2f}", f"{metrics['linear_map']:.2f}"
    assert said[0].startswith(f"linear classifiers on frozen features: MAP {linear} ({chance}), measured in ")
    epochs = [line for line in said if line.startswith("epoch ")]
    assert len(epochs) == 1
    assert all(f"(linear classifiers {linear}, {chance})" in line for line in epochs)
    head, colour, stripes, mean = said[-4:]
    assert head.split() == "attribute queries random linear trained difference 95 % interval".split()  # noqa: SIM905
    for line, name in ((colour, "colour"), (stripes, "stripes")):
        values = line.split()
        assert values[0] == name
        assert values[3:5] == [f"{metrics[f'linear_map/{name}']:.2f}", f"{metrics[f'map/{name}']:.2f}"]
    assert mean.startswith("mean over queries")
    assert f"{linear}  {metrics['map']:>7.2f}" in mean


def test_a_continued_run_takes_the_baseline_from_its_folder_and_evaluates_the_best_checkpoint(
    pretrained, data, beside, tmp_path, caplog, monkeypatch
):
    out = tmp_path / "run"
    shutil.copytree(beside, out)
    best = Checkpoint.load(out / "best")
    monkeypatch.setattr(FrozenNetwork, "features", lambda *_, **__: pytest.fail("features are computed again"))
    caplog.set_level("INFO")
    Trainer(pretrained, data, out, ALONE, baseline=True).fit()
    last = lines(caplog)[-1].split()
    expected = [f"{best.metrics[name]:.2f}" for name in ("random_map", "linear_map", "map")]
    assert last[4:7] == expected


def test_without_pretrained_weights_there_is_no_baseline(data, tmp_path, caplog):
    caplog.set_level("INFO")
    checkpoint = Trainer(tiny_config(epochs=1), data, tmp_path, ALONE, baseline=True).fit()
    assert lines(caplog)[0] == "no baseline of linear classifiers: the backbone has no pretrained weights"
    assert not [name for name in checkpoint.metrics if name.startswith("linear")]
    assert not (tmp_path / "baseline").exists()


def test_only_the_leading_process_measures_it(pretrained, data, tmp_path, caplog):
    caplog.set_level("INFO")
    Trainer(pretrained, data, tmp_path, Processes(1, 1, torch.device("cpu")), baseline=True)._fit()
    assert not caplog.records
    assert not (tmp_path / "baseline").exists()


@pytest.mark.parametrize("option", [[], ["--no-baseline"]])
def test_the_command_measures_it_unless_told_not_to(pretrained, table, tmp_path, monkeypatch, option):
    monkeypatch.setitem(RECIPES, "cam_cpu", lambda: replace(pretrained, epochs=1))
    out = tmp_path / "run"
    assert train(["--data", str(table), "--out", str(out), "--device", "cpu", *option]) == 0
    assert (out / "baseline").exists() == (not option)
    assert ("linear_map" in json.loads((out / "best/config.json").read_text())["metrics"]) == (not option)


def test_the_table_has_a_line_an_attribute_with_its_verdict():
    split, names = random_split(300), ["colour", "sleeve"]
    first, trained = (evaluate(split, batches(random_vectors(300, seed)), names) for seed in (1, 2))
    colour, sleeve = first.each_query
    worse = replace(colour, precisions=np.clip(colour.precisions - 0.3, 0, 1))
    comparison = paired_bootstrap(replace(first, each_query=(worse, sleeve)), trained, 0)
    head, *rows = comparison_table(comparison, trained).splitlines()
    assert head.endswith("difference  95 % interval")
    for row, each, chance in zip(
        rows,
        (*comparison.attributes, comparison.overall),
        [score.random_map for score in (*trained.attributes, trained.overall)],
        strict=True,
    ):
        cells = [f"{each.queries}", *(f"{value:.2f}" for value in (chance, each.first, each.second))]
        cells += [f"{each.difference:+.2f}", f"{each.low:+.2f}", "to", f"{each.high:+.2f}"]
        assert " ".join(row.split()) == " ".join([each.attribute, *cells, each.verdict])
    assert [row.split("  ")[-1] for row in rows] == ["gained", "no difference", "gained"]


def test_names_in_the_table_are_escaped():
    split = random_split(60)
    trained = evaluate(split, batches(random_vectors(60)), ["colour", "sleeve"])
    comparison = paired_bootstrap(trained, trained, 0)
    hostile = replace(comparison, attributes=tuple(replace(each, attribute="a\nb") for each in comparison.attributes))
    assert len(comparison_table(hostile, trained).splitlines()) == 4
