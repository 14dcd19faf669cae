"""Mixed precision: depthwise convolutions and losses stay float32."""

import copy
import math

import torch
from torch import nn

from fashionsdk_training.config import ModelConfig, Objective
from fashionsdk_training.loop.step.criterion import Criterion
from fashionsdk_training.loop.step.losses import BatchTripletLoss
from fashionsdk_training.loop.step.mixed_precision import keep_depthwise_float32
from fashionsdk_training.models import build_model


def test_depthwise_convolutions_are_exact_under_autocast_and_only_then_rounded():
    torch.manual_seed(0)
    plain = nn.Conv2d(8, 8, 3, groups=8)
    changed = copy.deepcopy(plain)
    keep_depthwise_float32(changed)
    features = torch.rand(2, 8, 9, 9)
    assert torch.equal(changed(features), plain(features))
    with torch.autocast("cpu", torch.bfloat16):
        got = changed(features)
    assert torch.equal(got, plain(features).bfloat16())
    assert [name for name, _ in changed.named_parameters()] == ["weight", "bias"]


def test_losses_are_computed_in_float32_under_autocast():
    torch.manual_seed(0)
    model = build_model(ModelConfig(backbone="test_efficientnet", stage=4, common_dimension=16), 2).eval()
    criterion = Criterion(model, Objective(proxy_weight=0.0), [2, 2])
    images = torch.randint(0, 256, (6, 64, 64, 3), dtype=torch.uint8)
    labels = torch.tensor([[0, 1], [0, 0], [1, 1], [1, 0], [0, -1], [-1, 1]])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        loss = float(criterion(images, labels, None))
        embeddings = model(images).embeddings
    assert loss == float(BatchTripletLoss()(embeddings.float(), labels))
    assert math.isfinite(loss)
