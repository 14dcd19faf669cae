"""A backbone that is chosen by name brings what timm records of it."""

import pytest
import timm

from fashionsdk_training.config import network_record, settings_of_backbone, with_settings
from fashionsdk_training.models.parts.pretrained import PACKAGES
from fashionsdk_training.recipes import RECIPES

CAM = RECIPES["cam_cpu"]()


@pytest.mark.parametrize(
    ("name", "stage", "stride"),
    [
        ("resnet18", 3, 16),
        ("convnext_atto", 2, 16),
        ("mobilenetv4_conv_small", 3, 16),
        ("vit_tiny_patch16_224", 8, 16),
        ("swin_tiny_patch4_window7_224", 2, 16),
    ],
)
def test_input_and_feature_map_come_from_timms_record(name, stage, stride):
    expected, (changes, note) = timm.get_pretrained_cfg(name), settings_of_backbone(CAM, name, keep_side=False)
    assert changes == {
        "model.backbone": name,
        "model.stage": stage,
        "model.mean": expected.mean,
        "model.std": expected.std,
        "side": expected.input_size[1],
        "pretrained": "timm",
    }
    assert network_record(name).strides[stage] == stride
    assert f"licence of its weights: {expected.license}" in note


def test_of_feature_maps_of_one_stride_the_last_is_taken():
    record = network_record("vit_tiny_patch16_224")
    assert record.strides == (16,) * 12
    assert record.stage_of(32, before_last=False) == 11
    assert record.stage_of(32, before_last=True) == 8
    assert network_record("resnet18").stage_of(32, before_last=True) == 3
    assert network_record("resnet18").stage_of(32, before_last=False) == 4


@pytest.mark.parametrize("name", PACKAGES)
def test_networks_with_packaged_weights_keep_the_recipes_input(name):
    changes, _ = settings_of_backbone(CAM, name, keep_side=False)
    changed = with_settings(CAM, changes)
    assert (changed.side, changed.pretrained) == (CAM.side, "package")
    assert (changed.model.mean, changed.model.std, changed.model.stage) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 3)


@pytest.mark.parametrize(("recipe", "pretrained"), [("cam_gpu", "timm"), ("cam_large_cpu", "package")])
def test_a_recipe_of_another_network_is_as_timm_records_it(recipe, pretrained):
    config = RECIPES[recipe]()
    changes, _ = settings_of_backbone(CAM, config.model.backbone, keep_side=True)
    expected = with_settings(CAM, changes)
    assert (config.model, config.pretrained) == (expected.model, pretrained)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet5o", "timm has no network of this name; expected one, such as resnet50"),
        ("zzzzzzzzzzzz", r"expected one, as timm.list_models\(\) lists them"),
        ("resnet50.made_up", "Invalid pretrained tag .* Expected one of .*resnet50.a1_in1k"),
        ("hf-hub:someone/net", "without a place to fetch it from"),
    ],
)
def test_an_unknown_network_is_refused_with_similar_names(name, message):
    with pytest.raises(ValueError, match=message):
        network_record(name)
