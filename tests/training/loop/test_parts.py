"""Schedule, moving average and mixed precision, each against its definition."""

import copy
import math

import pytest
import torch
from torch import nn

from fashionsdk_training.config import LocalBranch, ModelConfig, Objective, Optimisation, Sampling, TrainConfig
from fashionsdk_training.loop.criterion import Criterion
from fashionsdk_training.loop.losses import BatchTripletLoss
from fashionsdk_training.loop.mixed_precision import keep_depthwise_float32
from fashionsdk_training.loop.moving_average import MovingAverage
from fashionsdk_training.loop.schedule import rate_at
from fashionsdk_training.models import build_model

ASEN_PP = ModelConfig("asen_pp", local=LocalBranch())


def test_the_cosine_schedule_rises_then_falls_to_zero():
    settings = Optimisation(schedule="cosine", warmup_epochs=2)
    assert [rate_at(epoch, 10, settings) for epoch in (0, 1, 2, 6, 10)] == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_the_step_schedule_is_the_papers():
    settings = Optimisation(schedule="step", step_decay=0.9, step_epochs=3, warmup_epochs=0)
    assert [rate_at(epoch, 50, settings) for epoch in (0, 2.9, 3, 8)] == pytest.approx([1, 1, 0.9, 0.81])


def test_the_moving_average_follows_its_recurrence():
    model = nn.Linear(1, 1, bias=False)
    average, expected = MovingAverage(model, 0.8), float(model.weight.detach())
    for step in range(1, 8):
        with torch.no_grad():
            model.weight.fill_(step)
        average.update(model)
        decay = min(0.8, step / (step + 9))
        expected = decay * expected + (1 - decay) * step
        assert float(average.state["weight"]) == pytest.approx(expected, rel=1e-5)


def test_the_moving_average_copies_counters():
    model = nn.BatchNorm1d(2)
    average = MovingAverage(model, 0.9)
    model(torch.rand(4, 2))
    average.update(model)
    assert int(average.state["num_batches_tracked"]) == 1


def test_depthwise_convolutions_are_exact_under_autocast_and_only_then_rounded():
    torch.manual_seed(0)
    plain = nn.Conv2d(8, 8, 3, groups=8)
    kept = copy.deepcopy(plain)
    keep_depthwise_float32(kept)
    features = torch.rand(2, 8, 9, 9)
    assert torch.equal(kept(features), plain(features))
    with torch.autocast("cpu", torch.bfloat16):
        got = kept(features)
    assert torch.equal(got, plain(features).bfloat16())
    assert [name for name, _ in kept.named_parameters()] == ["weight", "bias"]


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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Optimisation(optimizer="sgd"), "optimizer is 'sgd'; expected adam or adamw"),
        (lambda: Optimisation(schedule="linear"), "schedule is 'linear'"),
        (lambda: Optimisation(warmup_epochs=-1), "warmup_epochs is -1"),
        (lambda: Optimisation(learning_rate=0), "learning_rate 0"),
        (lambda: Optimisation(step_epochs=0), "step_epochs 0"),
        (lambda: Sampling("group"), "kind is 'group'; expected triplets or groups"),
        (lambda: Sampling(batch_size=10, group_size=4), "whole groups"),
        (lambda: Objective(triplet_weight=0, proxy_weight=0), "one must be above 0"),
        (lambda: Objective(label_smoothing=1), "out of range"),
        (lambda: ModelConfig("resnet"), "architecture is 'resnet'"),
        (lambda: Objective(triplet_weight=-1), "must not be negative"),
        (lambda: Objective(local_weight=-0.1), "local_weight, alignment_weight and classification_weight"),
        (lambda: Optimisation(global_rate=-1), "global_rate is -1"),
        (lambda: ModelConfig(std=(0, 1, 1)), "std above 0"),
        (lambda: ModelConfig(embedding_dimension=0), "embedding_dimension is 0; expected 1 or more"),
        (lambda: ModelConfig("csn", masks="soft"), "masks is 'soft'; expected learned or prior or fixed"),
        (lambda: ModelConfig(added=-1), "added -1"),
        (lambda: ModelConfig("asen_pp"), "local is None for asen_pp"),
        (lambda: ModelConfig("asen", local=LocalBranch()), "for asen; expected it for asen_pp, and only there"),
        (lambda: ModelConfig("asen_v2", spatial_attention=False), "asen_v2 cannot leave out an attention"),
        (lambda: LocalBranch(side=0), "side is 0"),
        (lambda: LocalBranch(threshold=1), "threshold 1"),
        (lambda: LocalBranch(beta=1.1), "beta 1.1"),
        (lambda: TrainConfig(seed=-1), "seed is -1"),
        (lambda: TrainConfig(stored_side=100), "stored_side >= side"),
        (lambda: TrainConfig(optimisation=Optimisation(global_epochs=1)), "only asen_pp has branches"),
        (lambda: TrainConfig(ASEN_PP, optimisation=Optimisation(global_epochs=8)), "global_epochs is 8 of 8 epochs"),
        (lambda: TrainConfig(objective=Objective(automatic_weights=True)), "only ag_man weighs"),
        (lambda: ModelConfig("asen", masks="fixed"), "asen has no fixed masks"),
        (lambda: ModelConfig("ag_man", stage=0), "stage is 0; ag_man"),
        (lambda: Sampling(triplets_an_epoch=-1), "triplets_an_epoch -1"),
        (lambda: TrainConfig(ASEN_PP, side=200, stored_side=200), "global_side is 224 of a picture of 200"),
    ],
)
def test_a_config_refuses_what_it_does_not_mean(make, message):
    with pytest.raises(ValueError, match=message):
        make()
