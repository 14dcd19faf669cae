"""Embeddings that contain the probabilities of values."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fashionsdk_training.config import ModelConfig, Objective, TrainConfig
from fashionsdk_training.loop.distributed import processes
from fashionsdk_training.loop.trainer import Trainer
from fashionsdk_training.models import PosteriorModel, build_model
from fashionsdk_training.models.posterior import with_posteriors
from tests.training.conftest import SIDE, TINY, tiny_config

VALUES = (3, 1, 5)
ATOL = 1e-6  # one matrix product and a softmax in another order; 2e-7 measured


@pytest.fixture(scope="module")
def pair():
    """A network and the same one with posteriors, built as the trainer does."""
    torch.manual_seed(0)
    plain = build_model(TINY, len(VALUES)).eval()
    proxies = [torch.randn(count, plain.dimension) * 3 for count in VALUES]
    config, weights = with_posteriors(TINY, plain.state_dict(), proxies)
    model = build_model(config, len(VALUES))
    model.load_state_dict(weights)
    return plain, model.eval(), proxies


def test_an_embedding_joins_the_looks_and_the_roots_of_the_probabilities(pair):
    plain, model, proxies = pair
    images = torch.randint(0, 256, (4, SIDE, SIDE, 3), dtype=torch.uint8)
    with torch.inference_mode():
        looks, got = plain(images).embeddings.numpy(), model(images)
    assert isinstance(model, PosteriorModel)
    assert got.embeddings.shape == (4, 3, plain.dimension + max(VALUES)) == (4, 3, model.dimension)
    for photo in range(4):
        for a, rows in enumerate(proxies):
            units = rows.numpy() / np.linalg.norm(rows.numpy(), axis=1, keepdims=True)
            powers = np.exp(TINY.posterior_scale * (units @ looks[photo, a]).astype(np.float64))
            roots = np.zeros(max(VALUES))
            roots[: len(rows)] = np.sqrt(powers / powers.sum())
            expected = np.concatenate([np.sqrt(0.3) * looks[photo, a], np.sqrt(0.7) * roots])
            np.testing.assert_allclose(got.embeddings[photo, a], expected, rtol=0, atol=ATOL)
    torch.testing.assert_close(got.embeddings.norm(dim=-1), torch.ones(4, 3))


def test_attention_is_the_inner_networks(pair):
    plain, model, _ = pair
    images = torch.randint(0, 256, (2, SIDE, SIDE, 3), dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(plain(images).attention, model(images).attention)


def test_a_run_with_posteriors_saves_a_network_that_has_them(data, tmp_path):
    config = tiny_config(posteriors=True, epochs=2)
    with processes("cpu") as peers:
        checkpoint = Trainer(config, data, tmp_path / "run", peers).fit()
    values = tuple(len(attribute.values) for attribute in data.labels.attributes)
    assert checkpoint.model == replace(TINY, values=values)
    model = checkpoint.build()
    assert isinstance(model, PosteriorModel)
    norms = model.proxies.norm(dim=-1)
    torch.testing.assert_close(norms, torch.ones_like(norms))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"posteriors": True, "objective": Objective(proxy_weight=0.0)}, "proxy_weight above 0"),
        ({"model": ModelConfig(values=(2, 2))}, "describe a trained network"),
        ({"model": ModelConfig(added=1)}, "describe a trained network"),
    ],
)
def test_settings_that_contradict_each_other_are_an_error(change, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**change)


def test_values_must_be_given_for_every_attribute():
    with pytest.raises(ValueError, match="values of 2 attributes for 3"):
        build_model(replace(TINY, values=(2, 2)), 3)
    with pytest.raises(ValueError, match="at least one value of each attribute"):
        replace(TINY, values=(2, 0))


def test_an_attribute_without_values_counts_as_one_with_a_single_value():
    torch.manual_seed(0)
    plain = build_model(TINY, 2).eval()
    config, weights = with_posteriors(
        TINY, plain.state_dict(), [torch.randn(3, plain.dimension), torch.empty(0, plain.dimension)]
    )
    model = build_model(config, 2)
    model.load_state_dict(weights)
    with torch.inference_mode():
        embeddings = model.eval()(torch.randint(0, 256, (2, SIDE, SIDE, 3), dtype=torch.uint8)).embeddings
    assert config.values == (3, 1)
    torch.testing.assert_close(embeddings.norm(dim=-1), torch.ones(2, 2))
