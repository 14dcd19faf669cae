"""Where embeddings hold the probabilities of values: the softmax of the network's own logits stands there."""

from dataclasses import replace

import pytest
import torch

from fashionsdk_training.models import CAMNetwork, PosteriorModel, ValuePlace
from tests.training.conftest import SYSTEMS, photos, trained_like

VALUES = (2, 4, 3)


def probabilities(model, embeddings):
    """Return the probabilities that a model's places hold, attribute by attribute."""
    places = model.value_places()
    for position, count in enumerate(VALUES):
        place = places[position]
        squares = embeddings[:, position, place.offset : place.offset + count].square()
        plain = squares ** (1 / place.sharpness)
        yield plain / plain.sum(dim=-1, keepdim=True)


@torch.inference_mode()
def test_cam_holds_the_softmax_of_its_logits_first():
    model = trained_like(replace(SYSTEMS["cam"], values=VALUES), len(VALUES))
    assert isinstance(model, CAMNetwork)
    encoded = model(photos(4, side=64))
    for position, got in enumerate(probabilities(model, encoded.embeddings)):
        expected = torch.softmax(encoded.logits[:, position, : VALUES[position]], dim=-1)
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-4)


@torch.inference_mode()
def test_a_network_with_proxies_holds_their_softmax_behind_its_own_embedding():
    model = trained_like(replace(SYSTEMS["asen_v2"], values=VALUES), len(VALUES))
    assert isinstance(model, PosteriorModel)
    torch.nn.init.normal_(model.proxies)
    images = photos(4)
    looks = model.base(images).embeddings
    for position, got in enumerate(probabilities(model, model(images).embeddings)):
        cosines = looks[:, position] @ model.proxies[position, : VALUES[position]].T
        torch.testing.assert_close(got, torch.softmax(model.scale * cosines, dim=-1), rtol=0, atol=1e-4)


@torch.inference_mode()
def test_added_attributes_come_last_and_begin_at_the_first_place():
    config = replace(SYSTEMS["cam"], values=VALUES, added=2)
    model = trained_like(config, len(VALUES) + 2)
    places = model.value_places()
    assert set(places) == {0, 1, 2, -1, -2}
    assert {places[-1], places[-2]} == {ValuePlace(0, 4.0)}
    assert set(trained_like(SYSTEMS["csn"], 3).value_places()) == set()
    vectors = model(photos(4, side=64)).embeddings[:, -1]
    torch.testing.assert_close(vectors.square().sum(dim=-1), torch.ones(4))


@pytest.mark.parametrize("name", ["triplet", "csn", "asen", "ag_man", "asen_pp"])
def test_other_networks_hold_none(name):
    assert trained_like(SYSTEMS[name], 3).value_places() == {}
