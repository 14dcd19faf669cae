"""Runs of CAM: they start as linear classifiers, keep what is frozen, and end no worse."""

from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from fashionsdk.evaluation import paired_bootstrap
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import Objective, Optimisation, Sampling
from fashionsdk_training.loop import never_worse as module
from fashionsdk_training.loop.linear_weights import LinearWeights
from fashionsdk_training.loop.never_worse import SHARES, between, never_worse
from fashionsdk_training.loop.run_model import start_model
from fashionsdk_training.loop.trainer import Trainer
from fashionsdk_training.loop.validation import validate
from fashionsdk_training.models import CAMNetwork
from fashionsdk_training.probe import FrozenNetwork, fit_probe, probe_photos
from tests.training.conftest import SYSTEMS, tiny_config
from tests.training.loop.runs import ALONE, assert_same, tensors, train_in_two_parts

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Settings of a CAM run with pretrained weights."""
    torch.manual_seed(5)
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    save_file(timm.create_model("test_resnet", num_classes=0).state_dict(), path)
    return tiny_config(
        model=SYSTEMS["cam"],
        pretrained=str(path),
        epochs=2,
        sampling=Sampling("photos", batch_size=8),
        objective=Objective(triplet_weight=0.0, proxy_weight=0.0),
        optimisation=Optimisation(
            mixed_precision=False, ema_decay=0.5, backbone_rate=1.0, frozen_statistics=True, frozen_parts=2
        ),
    )


@pytest.fixture(scope="module")
def run(config, data, tmp_path_factory):
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "cam"
    Trainer(config, data, out, ALONE, baseline=True).fit()
    return out


@pytest.fixture(scope="module")
def linear(config, data, run):
    """The weights of linear classifiers for the run."""
    return LinearWeights(config, data, run / "baseline", CPU)


@pytest.fixture(scope="module")
def start(linear):
    """The weights that the run began with."""
    return linear.pretrained()


def network(config, data, weights) -> CAMNetwork:
    model = start_model(config, [len(each.values) for each in data.labels.attributes])
    assert isinstance(model, CAMNetwork)
    model.load_state_dict(weights)
    return model.eval()


def test_a_run_starts_as_the_linear_classifiers(config, data, run, start):
    model = network(config, data, start)
    frozen = FrozenNetwork.load(config.model, config.pretrained, CPU)
    probed = probe_photos(frozen, data, run / "baseline")
    images = torch.from_numpy(np.array(data.retrieval_photos.pixels))
    with torch.inference_mode():
        logits = model(images).logits
    assert logits is not None
    for a, expected in enumerate(probed.probe.probabilities(probed.valid)):
        got = torch.softmax(logits[:, a, : expected.shape[1]], dim=-1).numpy()
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5)


def test_the_stem_the_first_stage_and_the_statistics_do_not_learn_and_the_rest_does(config, data, run, start):
    trained = network(config, data, Checkpoint.load(run / "best").weights)
    first = network(config, data, start)
    changed = {name for name, value in trained.state_dict().items() if not torch.equal(value, first.state_dict()[name])}
    assert not [name for name in changed if name.endswith(("running_mean", "running_var"))]
    assert not [name for name in changed if name.startswith(("backbone.net.conv1", "backbone.net.layer1"))]
    assert "rows" in changed
    assert any(name.startswith("backbone.net.layer4") for name in changed)
    assert any(name.startswith("backbone.net.layer2") for name in changed)


def test_a_run_in_two_parts_ends_as_one_in_one_part(config, data, run, tmp_path):
    train_in_two_parts(config, data, tmp_path)
    assert_same(tensors(tmp_path), tensors(run))


def test_all_batch_normalisation_stays_in_eval_mode(config, data, tmp_path):
    trainer = Trainer(replace(config, epochs=1), data, tmp_path, ALONE)
    trainer.fit()
    layers = [each for each in trainer.criterion.model.modules() if isinstance(each, nn.BatchNorm2d)]
    assert layers
    assert not any(each.training for each in layers)
    assert trainer.criterion.model.training


def damaged(checkpoint: Checkpoint, amount: float) -> Checkpoint:
    """Return a checkpoint whose classifiers were turned around by training."""
    rows, bias = (checkpoint.weights[name] for name in ("rows", "bias"))
    worse = {**checkpoint.weights, "rows": -amount * rows, "bias": -amount * bias}
    return replace(checkpoint, weights=worse)


def settled(best, linear, data, monkeypatch, lost=0, trained=None):
    """Return what `never_worse` makes of a network that is behind on colour, and whose first candidates lose it."""
    answers = iter([*[["colour"]] * lost, []])  # of the network with better classifiers, then of each share
    monkeypatch.setattr(module, "behind_attributes", lambda *_: ["colour"])
    monkeypatch.setattr(module, "lost_attributes", lambda *_: next(answers))
    trained = trained or validate(best.build(), data).evaluation
    return never_worse(best, linear, trained, trained)


def with_maps(evaluation, value: float):
    """Return an evaluation in which every attribute has this MAP."""
    return replace(evaluation, attributes=tuple(replace(each, map=value) for each in evaluation.attributes))


def test_an_attribute_that_is_behind_gets_linear_classifiers_on_the_trained_features(
    config, data, run, linear, monkeypatch, caplog
):
    caplog.set_level("INFO")
    best = Checkpoint.load(run / "best")
    names = [each.name for each in best.attributes]
    colour, most = names.index("colour"), max(best.model.values)
    trained = with_maps(validate(best.build(), data).evaluation, 0.0)
    taken, result = settled(best, linear, data, monkeypatch, trained=trained)
    assert taken.metrics["share_of_training"] == 1
    assert taken.model.plain == (colour,)
    frozen = FrozenNetwork.of_levels(network(config, data, best.weights).backbone, best.model, CPU)
    (labelled,) = np.nonzero(data.values[:, colour] >= 0)
    features = frozen.features(data.photos, data.preprocessing, labelled)
    probe = fit_probe(features, data.values[labelled][:, [colour]], [data.labels.attributes[colour]])
    (expected,) = probe.probabilities(frozen.features(data.retrieval_photos, data.preprocessing))
    images = torch.from_numpy(np.array(data.retrieval_photos.pixels))
    with torch.inference_mode():
        got, before = (each.build()(images).embeddings.numpy() for each in (taken, best))
    np.testing.assert_allclose(got[:, colour, : expected.shape[1]] ** 2, expected, rtol=0, atol=1e-4)
    assert not got[:, colour, most:].any()
    others = [a for a in range(len(names)) if a != colour]
    np.testing.assert_array_equal(got[:, others], before[:, others])
    assert taken.metrics["map"] == result.overall.map == pytest.approx(validate(taken.build(), data).value)
    assert "linear classifiers on the trained features are better on colour" in caplog.text


def test_an_attribute_that_is_behind_keeps_what_training_made_where_that_is_better(data, run, linear, monkeypatch):
    best = Checkpoint.load(run / "best")
    perfect = with_maps(validate(best.build(), data).evaluation, 100.0)
    taken, result = settled(best, linear, data, monkeypatch, trained=perfect)
    assert taken.model == best.model
    assert all(torch.equal(taken.weights[name], value) for name, value in best.weights.items())
    assert result is perfect


def test_attributes_that_had_linear_classifiers_before_keep_them(data, run, linear, monkeypatch):
    best = Checkpoint.load(run / "best")
    other = [each.name for each in best.attributes].index("colour") ^ 1
    best = replace(best, model=replace(best.model, plain=(other,)))
    bad = with_maps(validate(best.build(), data).evaluation, 0.0)
    taken, _ = settled(best, linear, data, monkeypatch, trained=bad)
    assert taken.model.plain == (0, 1)
    assert torch.equal(taken.weights["rows"][other], best.weights["rows"][other])


@pytest.mark.parametrize("lost", [1, 3])
def test_if_it_still_loses_it_keeps_its_start_and_all_is_taken_back_as_far_as_needed(
    data, run, start, linear, monkeypatch, caplog, lost
):
    caplog.set_level("INFO")
    best = Checkpoint.load(run / "best")
    taken, result = settled(best, linear, data, monkeypatch, lost)
    share = taken.metrics["share_of_training"]
    assert share == SHARES[lost - 1]
    colour = [each.name for each in taken.attributes].index("colour")
    assert taken.model.plain == (colour,)
    expected = between(start, best.weights, share)
    for name in set(CAMNetwork.BY_ATTRIBUTE) & set(expected):
        expected[name][colour] = start[name][colour]
    assert all(torch.equal(taken.weights[name], value) for name, value in expected.items())
    assert taken.metrics["map"] == result.overall.map == pytest.approx(validate(taken.build(), data).value)
    assert f"on colour, which keep those; the checkpoint holds {100 * share:.0f} % of training" in caplog.text


def test_plain_attributes_are_embedded_as_their_probabilities_alone(config, data, run):
    best = Checkpoint.load(run / "best")
    images = torch.from_numpy(np.array(data.retrieval_photos.pixels[:4]))
    with torch.inference_mode():
        usual = best.build()(images)
        plain = replace(best, model=replace(best.model, plain=(0,))).build()(images)
    assert torch.equal(plain.embeddings[:, 1:], usual.embeddings[:, 1:])
    most = max(best.model.values)
    expected = torch.softmax(usual.logits[:, 0], dim=-1).sqrt()
    torch.testing.assert_close(plain.embeddings[:, 0, :most], expected)
    assert not plain.embeddings[:, 0, most:].any()


def test_if_any_share_loses_the_checkpoint_is_the_baseline(data, run, start, linear, monkeypatch):
    best = damaged(replace(Checkpoint.load(run / "best"), weights=start), 2.0)
    taken, result = settled(best, linear, data, monkeypatch, lost=len(SHARES) + 2)
    assert taken.metrics["share_of_training"] == 0
    metrics = Checkpoint.load(run / "best").metrics
    for each in result.attributes:
        assert each.map == pytest.approx(metrics[f"linear_map/{each.attribute}"], abs=0.01)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_weights_between_are_on_the_line_and_counters_are_the_ends(share):
    start = {"weight": torch.tensor([0.0, 8.0]), "count": torch.tensor(3)}
    end = {"weight": torch.tensor([4.0, 0.0]), "count": torch.tensor(7)}
    got = between(start, end, share)
    assert got["weight"].tolist() == [4 * share, 8 - 8 * share]
    assert got["count"] == 7


def test_a_run_that_loses_writes_the_checkpoint_that_does_not(config, data, tmp_path, monkeypatch):
    reckless = replace(config, epochs=1, optimisation=replace(config.optimisation, learning_rate=3.0))
    Trainer(reckless, data, tmp_path, ALONE, baseline=True).fit()
    checkpoint = Checkpoint.load(tmp_path / "best")
    linear = LinearWeights(config, data, tmp_path, CPU)
    baseline = validate(network(config, data, linear.pretrained()), data)
    result = validate(checkpoint.build(), data)
    assert result.evaluation is not None
    assert baseline.evaluation is not None
    comparison = paired_bootstrap(baseline.evaluation, result.evaluation, 0)
    assert not [each for each in comparison.attributes if each.verdict == "lost"]
    assert checkpoint.metrics["map"] == pytest.approx(result.value)
