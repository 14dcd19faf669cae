"""Every family of backbones: it builds, learns, exports, gives PyTorch's numbers, and lowers or says why not.

Of each kind of layer that a family has there are one or two; more of the same would take minutes and show nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import onnx
import pytest
import timm
import torch

from fashionsdk.attributes import Attribute
from fashionsdk.photos import Preprocessing
from fashionsdk_export.errors import ExportError
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_export.precision import lower
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import ModelConfig, Objective, Optimisation
from fashionsdk_training.loop.step import Criterion, build_optimizer, freeze_for_epoch
from fashionsdk_training.models import CAMNetwork, build_model
from tests.training.conftest import SYSTEMS, give_classifiers

VALUES = (2, 3, 4)
OBJECTIVE = Objective(triplet_weight=0.0, proxy_weight=0.0)
FROZEN_STEM = Optimisation(optimizer="adam", learning_rate=1e-3, backbone_rate=1.0, frozen_parts=1)


@dataclass(frozen=True)
class Family:
    """A small network of a family.

    Attributes:
        backbone: timm's name.
        stage: of the earlier map.
        input: height and width in pixels.
        int8: whether it lowers to INT8; if not, the export refuses it.
        blocks: timm's options for fewer blocks than the network has.
    """

    backbone: str
    stage: int
    input: tuple[int, int]
    int8: bool
    blocks: Mapping[str, object] = field(default_factory=dict)


FEW = {"depth": 4}
STAGES = {"depths": (2, 1, 1, 1)}
FAMILIES = {
    "ResNet": Family("resnet10t", 3, (64, 48), int8=True),
    "ConvNeXt": Family("convnext_atto", 2, (64, 64), int8=True),
    "ConvNeXt, DINOv3": Family("convnext_tiny.dinov3_lvd1689m", 2, (64, 64), int8=False, blocks=STAGES),
    "EfficientNet": Family("efficientnet_b0", 3, (64, 48), int8=True),
    "MobileNetV4": Family("mobilenetv4_conv_small_050", 3, (64, 64), int8=True),
    "Swin": Family("swin_tiny_patch4_window7_224", 2, (64, 48), int8=False, blocks=STAGES),
    "Swin V2": Family("swinv2_tiny_window8_256", 2, (64, 64), int8=False, blocks=STAGES),
    "ViT": Family("vit_tiny_patch16_224", 2, (64, 48), int8=False, blocks=FEW),
    "DINOv2": Family("vit_small_patch14_dinov2", 2, (56, 42), int8=False, blocks=FEW),
    "DINOv2 with registers": Family("vit_small_patch14_reg4_dinov2", 2, (56, 56), int8=False, blocks=FEW),
    "DINOv3": Family("vit_tiny_patch16_dinov3_qkvb", 2, (64, 48), int8=False, blocks=FEW),
    "SigLIP 2": Family("vit_base_patch16_siglip_224.v2_webli", 2, (48, 32), int8=False, blocks=FEW),
}
SMALL = {
    "ViT": Family("test_vit", 3, (48, 32), int8=False),
    "ConvNeXt": Family("test_convnext", 2, (64, 32), int8=False),
    "EfficientNet": Family("test_efficientnet", 3, (48, 48), int8=True),
}


def settings(family: Family) -> ModelConfig:
    return replace(SYSTEMS["cam"], backbone=family.backbone, stage=family.stage, values=VALUES)


def network(family: Family) -> CAMNetwork:
    torch.manual_seed(0)
    model = build_model(settings(family), len(VALUES), input=family.input)
    assert isinstance(model, CAMNetwork)
    give_classifiers(model)
    return model


def pictures(count: int, input: tuple[int, int]) -> np.ndarray:
    """Return coloured squares: unlike noise, they differ from each other in every layer."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    large = coarse.repeat(-(-input[0] // 4), axis=1).repeat(-(-input[1] // 4), axis=2)
    return large[:, : input[0], : input[1]]


def learn_two_steps(model: CAMNetwork, family: Family) -> None:
    """Train with the stem frozen; check that the stem stays, and every other parameter moves.

    One step is too few: timm starts the last norm of a ResNet's block at zero, so what is before it moves later.
    """
    criterion = Criterion(model, OBJECTIVE, VALUES)
    optimizer = build_optimizer(criterion, FROZEN_STEM)
    freeze_for_epoch(criterion, 0, FROZEN_STEM)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    images = torch.from_numpy(pictures(8, family.input))
    labels = torch.stack([torch.arange(8) % count for count in VALUES], dim=1)
    for _ in range(2):
        optimizer.zero_grad()
        loss = criterion(images, labels, None)
        loss.backward()
        optimizer.step()
        assert torch.isfinite(loss)
    stem = {f"backbone.net.{name}" for name in model.backbone.first_parameters(1)}
    still = {name for name, value in model.named_parameters() if torch.equal(value, before[name])}
    assert stem
    assert still == stem


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_small_network_of_a_family_learns_and_its_stem_stays_frozen(name):
    learn_two_steps(network(SMALL[name]), SMALL[name])


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_learns_exports_gives_pytorchs_numbers_and_lowers_or_says_why_not(name, tmp_path, monkeypatch):
    family = FAMILIES[name]
    monkeypatch.setattr(timm, "create_model", partial(timm.create_model, **family.blocks))
    model = network(family)
    learn_two_steps(model, family)
    attributes = tuple(Attribute(f"a{count}", tuple("wxyz"[:count])) for count in VALUES)
    checkpoint = Checkpoint(settings(family), Preprocessing(family.input), attributes, model.state_dict())
    report = build_bundle(checkpoint, tmp_path / "bundle", precisions=("fp32", "fp16"))
    for check in report.checks.values():
        assert all(each.ok for each in check.reports.values())
    graph, photos = onnx.load(report.bundle.graph_path("fp32")), pictures(48, family.input)
    if family.int8:
        lowered = lower(graph, "int8", photos)
        assert any(node.op_type == "QuantizeLinear" for node in lowered.model.graph.node)
        return
    with pytest.raises(ExportError, match=r"int8 lowers convolutions, which do \d+% of this graph's arithmetic"):
        lower(graph, "int8", photos)
