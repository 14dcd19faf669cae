"""CAM: what its maps and embeddings mean, computed value by value and position by position."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fashionsdk_training.models import CAMNetwork, LevelsBackbone, build_model
from fashionsdk_training.models.parts.levels import on_grid
from tests.training.conftest import SYSTEMS, photos, trained_like, with_values

ATTRIBUTES = 3
CONFIG = with_values(SYSTEMS["cam"], ATTRIBUTES)


@pytest.fixture(scope="module")
def model() -> CAMNetwork:
    network = trained_like(CONFIG, ATTRIBUTES)
    assert isinstance(network, CAMNetwork)
    return network


def evidence(model: CAMNetwork, a: int, value: int) -> torch.Tensor:
    """Return what each position's features say for a value, ``(B, h, w)``."""
    standardised = standardised_maps(model)
    each, first = standardised * model.rows[a, value][:, None, None], model.backbone.last_channels
    return each[:, :first].sum(dim=1) + each[:, first:].sum(dim=1) * counts(model, a, standardised)


def standardised_maps(model: CAMNetwork) -> torch.Tensor:
    """Return both levels on one grid, float64 ``(B, C, h, w)``."""
    features = model.joined(model.features(model.normalise(photos(side=64)))).double()
    return (features - model.average[:, None, None]) / model.deviation[:, None, None]


def counts(model: CAMNetwork, a: int, standardised: torch.Tensor) -> torch.Tensor:
    """Return how much more than its share each position of the finer map counts, ``(B, h, w)``."""
    result = torch.ones(len(standardised), *standardised.shape[2:], dtype=torch.float64)
    if model.where is not None:
        for b, row, column in np.ndindex(*result.shape):
            finer = standardised[b, -model.backbone.fine_channels :, row, column]
            result[b, row, column] = torch.exp(model.where[a].double() @ finer)
        result *= result[0].numel() / result.sum(dim=(1, 2), keepdim=True)
    return result


@pytest.mark.parametrize("queries", [False, True])
@pytest.mark.parametrize("tones", [0, 3])
@torch.inference_mode()
def test_the_mean_of_the_evidence_over_positions_is_what_features_add_to_the_logit(tones, queries):
    model = trained_like(replace(CONFIG, colour_tones=tones, position_queries=queries), ATTRIBUTES)
    assert isinstance(model, CAMNetwork)
    if model.colours is not None:
        model.colours.rows.zero_()
    encoded = model(photos(side=64))
    for a, count in enumerate(CONFIG.values):
        for value in range(count):
            expected = evidence(model, a, value).mean(dim=(1, 2)) + model.bias[a, value]
            torch.testing.assert_close(encoded.logits[:, a, value].double(), expected, rtol=0, atol=1e-4)


@torch.inference_mode()
def test_attention_is_the_evidence_for_the_probable_values_against_the_others(model):
    encoded = model(photos(side=64))
    for a, count in enumerate(CONFIG.values):
        probabilities = torch.softmax(3.0 * encoded.logits[:, a, :count].double(), dim=-1)
        scores = sum(
            (probabilities[:, value] - 1 / count)[:, None, None] * evidence(model, a, value) for value in range(count)
        )
        assert isinstance(scores, torch.Tensor)
        expected = torch.softmax(scores.flatten(1), dim=1).reshape(scores.shape)
        torch.testing.assert_close(encoded.attention[:, a].double(), expected, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_with_queries_attention_is_how_much_a_position_counts_times_what_its_features_say():
    model = trained_like(replace(CONFIG, colour_tones=0, position_queries=True), ATTRIBUTES)
    assert isinstance(model, CAMNetwork)
    encoded = model(photos(side=64))
    standardised = standardised_maps(model)
    for a, count in enumerate(CONFIG.values):
        probabilities = torch.softmax(3.0 * encoded.logits[:, a, :count].double(), dim=-1)
        contrast = (probabilities - 1 / count) @ model.rows[a, :count].double()  # (B, C)
        weights = counts(model, a, standardised)
        expected = weights * torch.exp((contrast[:, :, None, None] * standardised).sum(dim=1))
        expected /= expected.sum(dim=(1, 2), keepdim=True)
        torch.testing.assert_close(encoded.attention[:, a].double(), expected, rtol=0, atol=1e-5)
        assert float(weights.max()) > 1.5


@torch.inference_mode()
def test_with_a_focus_of_zero_attention_is_how_much_the_queries_let_a_position_count():
    config = replace(CONFIG, position_queries=True)
    with_evidence = trained_like(config, ATTRIBUTES)
    model = trained_like(replace(config, attention_focus=0), ATTRIBUTES)
    assert isinstance(model, CAMNetwork)
    model.load_state_dict(with_evidence.state_dict())
    encoded, other = model(photos(side=64)), with_evidence(photos(side=64))
    assert torch.equal(encoded.embeddings, other.embeddings)
    standardised = standardised_maps(model)
    for a in range(ATTRIBUTES):
        expected = counts(model, a, standardised)
        expected /= expected.sum(dim=(1, 2), keepdim=True)
        torch.testing.assert_close(encoded.attention[:, a].double(), expected, rtol=0, atol=1e-6)
        assert (encoded.attention[:, a] - other.attention[:, a]).abs().max() > 1e-3


def test_training_leaves_the_last_map_out_of_a_share_of_photos_and_attributes_and_never_the_finer_one():
    model = trained_like(replace(CONFIG, position_queries=True, last_map_dropout=0.3), ATTRIBUTES)
    assert isinstance(model, CAMNetwork)
    pooled = torch.from_numpy(np.random.default_rng(0).normal(size=(2000, ATTRIBUTES, model.channels)))
    last, fine = model.by_level(pooled)
    got_last, got_fine = model.by_level(model.train().without_some_last(pooled))
    stays = got_last[..., :1] != 0
    assert torch.equal(got_last, last * stays)
    assert torch.equal(got_fine, fine)
    assert float(stays.float().mean()) == pytest.approx(0.7, abs=0.02)
    assert len(stays.squeeze(-1).unique(dim=0)) == 2**ATTRIBUTES  # each attribute is drawn by itself
    assert torch.equal(model.eval().without_some_last(pooled), pooled)


@torch.inference_mode()
def test_new_queries_let_all_positions_count_alike():
    with_queries = trained_like(replace(CONFIG, position_queries=True), ATTRIBUTES)
    assert isinstance(with_queries, CAMNetwork)
    assert with_queries.where is not None
    with_queries.where.zero_()
    without = build_model(CONFIG, ATTRIBUTES).eval()
    without.load_state_dict({name: value for name, value in with_queries.state_dict().items() if name != "where"})
    for got, expected in zip(with_queries(photos(side=64)), without(photos(side=64)), strict=True):
        if expected is not None:
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_a_similarity_is_how_likely_both_photos_show_the_same_value_and_then_the_looks(model):
    encoded = model(photos(side=64))
    first, second = encoded.embeddings
    for a, count in enumerate(CONFIG.values):
        one, other = torch.softmax(3.0 * encoded.logits[:, a, :count], dim=-1)
        pooled = torch.cat([each.mean(dim=(2, 3)) for each in model.features(model.normalise(photos(side=64)))], dim=1)
        looks = [model.looks[a] @ ((each - model.average) / model.deviation) for each in pooled]
        cosine = looks[0] @ looks[1] / (looks[0].norm() * looks[1].norm())
        expected = 0.7 * (one * other).sqrt().sum() + 0.3 * cosine
        torch.testing.assert_close((first[a] * second[a]).sum(), expected, rtol=0, atol=1e-5)


@torch.inference_mode()
def test_both_levels_are_the_networks_own_maps(model):
    pixels = torch.randn(2, 3, 64, 96)
    backbone = model.backbone
    last, (fine,) = backbone.net.forward_intermediates(pixels, indices=[3])
    got = backbone(pixels)
    assert torch.equal(got.last, last)
    assert torch.equal(got.fine, fine)
    joined = got.joined()
    assert joined.shape == (2, backbone.channels, 4, 6)
    assert torch.equal(joined[:, backbone.last_channels :], fine)
    assert torch.equal(joined[:, : backbone.last_channels], on_grid(last, 4, 6))
    torch.testing.assert_close(got.pooled(), joined.mean(dim=(2, 3)))


def test_a_stage_that_does_not_fit_is_named_with_the_networks_strides():
    with pytest.raises(ValueError, match=r"stage 1 of backbone 'test_resnet'.*strides \[2, 4, 8, 16, 32\].*\(3\)"):
        LevelsBackbone("test_resnet", 1)
    with pytest.raises(ValueError, match="cannot build backbone 'no_such_net'"):
        LevelsBackbone("no_such_net", 3)


def test_settings_without_the_number_of_values_build_no_classifier():
    with pytest.raises(ValueError, match="values of 0 attributes for 3; expected one number each"):
        build_model(SYSTEMS["cam"], 3)
    with pytest.raises(ValueError, match="values of 2 attributes for 3; expected one number each"):
        build_model(replace(SYSTEMS["cam"], values=(2, 2)), 3)


def test_parts_are_the_stem_and_the_stages_and_some_must_learn():
    backbone = LevelsBackbone("test_resnet", 3)
    names = backbone.first_parameters(2)
    assert any(name.startswith("layer1") for name in names)
    assert not any(name.startswith("layer2") for name in names)
    assert backbone.first_parameters(0) == []
    with pytest.raises(ValueError, match="frozen_parts is 5; test_resnet has 5"):
        backbone.first_parameters(5)
