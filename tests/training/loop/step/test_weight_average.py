"""timm's moving average with our warm-up: the obvious recurrence, to the bit."""

import copy

import pytest
import torch
from torch import nn

from fashionsdk_training.loop.step.weight_average import WARMUP, moving_average


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7))


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99])
def test_the_average_is_the_recurrence_with_a_rising_decay_to_the_bit(decay):
    model = small_network()
    average = moving_average(model, decay)
    expected = copy.deepcopy(model.state_dict())
    for step in range(1, 1200):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.randn(parameter.shape))
        model(torch.rand(4, 5))
        average.update(model, step + 1)
        weight = 1 - min(decay, step / (step + WARMUP))
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                expected[key] = torch.lerp(expected[key], value, weight)
    for key, value in average.module.state_dict().items():
        if value.is_floating_point():
            assert torch.equal(value, expected[key]), key


def test_the_average_follows_the_formula():
    model = nn.Linear(1, 1, bias=False)
    average, expected = moving_average(model, 0.8), float(model.weight.detach())
    for step in range(1, 8):
        with torch.no_grad():
            model.weight.fill_(step)
        average.update(model, step + 1)
        decay = min(0.8, step / (step + 9))
        expected = decay * expected + (1 - decay) * step
        assert float(average.module.state_dict()["weight"]) == pytest.approx(expected, rel=1e-5)


def test_counters_are_copied():
    model = nn.BatchNorm1d(2)
    average = moving_average(model, 0.9)
    model(torch.rand(4, 2))
    average.update(model, 2)
    assert int(average.module.state_dict()["num_batches_tracked"]) == 1
