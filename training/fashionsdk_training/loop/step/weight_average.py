"""Exponential moving average of a run's weights, by timm."""

from timm.utils import ModelEmaV3
from torch import nn

WARMUP = 9  # steps after which the decay is 0.5


def moving_average(model: nn.Module, decay: float) -> ModelEmaV3:
    """Return an average of ``model``'s parameters and buffers that starts from its present state; counters are copied.

    Call ``update(model, steps + 1)`` after each optimiser step, ``steps`` being the number of steps so far. The decay
    is then ``min(decay, steps / (steps + WARMUP))``: it rises from 0, so the average soon forgets the first weights.

    Args:
        model: whose state is averaged.
        decay: weight of the past at each step. 0 keeps the latest state.
    """
    return ModelEmaV3(model, decay, use_warmup=True, warmup_gamma=WARMUP, warmup_power=1.0)
