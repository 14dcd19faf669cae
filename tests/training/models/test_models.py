"""Properties of every network, and formulas of single ones."""

from dataclasses import replace

import pytest
import torch

from fashionsdk_training.models import ASEN, ExtendedModel, build_model
from tests.training.conftest import SYSTEMS, TINY, photos, trained_like, with_values

SAME_ATOL = 1e-6  # the same arithmetic on other batches; 2e-7 measured


@torch.inference_mode()
@pytest.mark.parametrize("system", SYSTEMS)
def test_embeddings_have_unit_length_and_attention_sums_to_one(system):
    model = trained_like(SYSTEMS[system], 3)
    encoded = model(photos())
    assert encoded.embeddings.shape == (2, 3, model.dimension)
    torch.testing.assert_close(encoded.embeddings.norm(dim=-1), torch.ones(2, 3))
    blind = system in ("triplet", "csn", "csn_prior", "csn_fixed", "asen_without_asa")
    assert (encoded.attention is None) == blind
    if not blind:
        torch.testing.assert_close(encoded.attention.sum(dim=(2, 3)), torch.ones(2, 3))
    assert (encoded.class_logits is not None) == (system == "ag_man")
    assert (encoded.branches is not None) == (system == "asen_pp")


@torch.inference_mode()
@pytest.mark.parametrize("system", SYSTEMS)
def test_photos_need_not_be_squares_unless_squares_are_cut_out(system):
    model = trained_like(SYSTEMS[system], 3)
    images = torch.randint(0, 256, (2, 64, 96, 3), dtype=torch.uint8)
    if system == "asen_pp":
        with pytest.raises(ValueError, match="expected squares, which asen_pp cuts regions of"):
            model(images)
        return
    encoded = model(images)
    torch.testing.assert_close(encoded.embeddings.norm(dim=-1), torch.ones(2, 3))
    if encoded.attention is not None:
        height, width = encoded.attention.shape[2:]
        assert 2 * width == 3 * height


@torch.inference_mode()
@pytest.mark.parametrize("system", SYSTEMS)
def test_forward_is_encode_of_normalised_pixels(system):
    model, config = trained_like(SYSTEMS[system], 3), SYSTEMS[system]
    pixels = (photos().double() / 255 - torch.tensor(config.mean)) / torch.tensor(config.std)
    got, expected = model(photos()), model.encode(pixels.permute(0, 3, 1, 2).float())
    torch.testing.assert_close(got.embeddings, expected.embeddings, rtol=0, atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_photo_is_embedded_alone_as_in_a_batch(system):
    model = trained_like(SYSTEMS[system], 3)
    together = model(photos(3)).embeddings
    for photo, expected in zip(photos(3), together, strict=True):
        torch.testing.assert_close(model(photo[None]).embeddings[0], expected, rtol=0, atol=SAME_ATOL)


def test_a_network_without_asa_takes_the_mean_and_one_without_aca_gates_nothing():
    with torch.inference_mode():
        model = trained_like(SYSTEMS["asen_without_aca"], 2)
        pixels = model.normalise(photos())
        (features,), attention = model.features(pixels), model.encode(pixels).attention
        assert isinstance(model, ASEN)
        assert attention is not None
        assert model.attention_head.project is not None
        for a in range(2):
            pooled = (features * attention[:, a, None]).sum(dim=(2, 3))
            expected = torch.nn.functional.normalize(model.attention_head.project(pooled), dim=-1)
            torch.testing.assert_close(model.encode(pixels).embeddings[:, a], expected, rtol=0, atol=SAME_ATOL)
        model = trained_like(SYSTEMS["asen_without_asa"], 2)
        assert isinstance(model, ASEN)
        pooled = model.joined(model.features(pixels)).mean(dim=(2, 3))
        channel = model.attention_head.channel
        assert channel is not None
        assert model.attention_head.project is not None
        for a in range(2):
            vector = torch.relu(model.channel_table.weight[:, a]).expand(len(pooled), -1)
            gate = torch.sigmoid(channel.expand(torch.relu(channel.reduce(torch.cat([pooled, vector], dim=1)))))
            expected = torch.nn.functional.normalize(model.attention_head.project(pooled * gate), dim=-1)
            torch.testing.assert_close(model.encode(pixels).embeddings[:, a], expected, rtol=0, atol=SAME_ATOL)


def test_the_triplet_network_gives_every_attribute_the_same_embedding():
    with torch.inference_mode():
        embeddings = trained_like(SYSTEMS["triplet"], 3)(photos()).embeddings
    assert torch.equal(embeddings[:, 0], embeddings[:, 1])
    assert torch.equal(embeddings[:, 0], embeddings[:, 2])


@torch.inference_mode()
@pytest.mark.parametrize("system", SYSTEMS)
def test_attributes_added_later_leave_the_old_ones_bit_identical(system):
    config = SYSTEMS[system]
    base, extended = trained_like(config, 3), build_model(with_values(replace(config, added=2), 5), 5).eval()
    assert isinstance(extended, ExtendedModel)
    extended.base.load_state_dict(base.state_dict())
    old, new = base(photos()), extended(photos())
    assert new.embeddings.shape == (2, 5, base.dimension)
    assert torch.equal(new.embeddings[:, :3], old.embeddings)
    torch.testing.assert_close(new.embeddings.norm(dim=-1), torch.ones(2, 5))
    assert (new.attention is None) == (old.attention is None)
    if old.attention is not None:
        assert torch.equal(new.attention[:, :3], old.attention)
        assert new.attention.shape == (2, 5, *old.attention.shape[2:])
    needed = torch.tensor([[True, False, True, True, False]]).expand(2, 5)
    chosen = extended(photos(), needed).embeddings
    torch.testing.assert_close(chosen[needed], new.embeddings[needed], rtol=0, atol=SAME_ATOL)


def test_a_network_needs_an_attribute_of_its_own():
    with pytest.raises(ValueError, match="2 attributes, 2 of them added later"):
        build_model(replace(TINY, added=2), 2)
