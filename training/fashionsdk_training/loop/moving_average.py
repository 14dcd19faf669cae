"""Exponential moving average of a model's weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class MovingAverage:
    """Average of a model's parameters and buffers; counters are copied.

    The decay rises from 0 to ``decay`` over the first steps, so that the start does not linger.

    Args:
        model: whose state is averaged.
        decay: weight of the past at each step; 0 keeps the latest state.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.state = {key: value.detach().clone() for key, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take in the model's present state."""
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 9))
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                self.state[key].lerp_(value, 1 - decay)
            else:
                self.state[key].copy_(value)

    def load(self, state: Mapping[str, Tensor], steps: int) -> None:
        """Continue from a saved average."""
        for key, value in self.state.items():
            value.copy_(state[key])
        self.steps = steps
