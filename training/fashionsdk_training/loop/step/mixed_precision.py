"""Mixed precision where it is faster than float32."""

import logging
from typing import Any

import torch
from torch import Tensor, nn

from fashionsdk.backends import computes_bfloat16

logger = logging.getLogger(__name__)


def prepare_autocast(model: nn.Module, wanted: bool, device: torch.device) -> bool:
    """Tell whether to train in bfloat16, and prepare the model for it.

    Args:
        model: the network.
        wanted: whether the settings ask for mixed precision.
        device: where it trains.
    """
    if not wanted:
        return False
    if not bfloat16_pays(device):
        logger.info("training in float32: this CPU has no instructions for bfloat16, which would take longer")
        return False
    if device.type == "cpu":
        keep_depthwise_float32(model)
    return True


def bfloat16_pays(device: torch.device) -> bool:
    """Tell whether bfloat16 autocast is faster than float32 on this device.

    A CPU without instructions for it takes over four times as long (``docs/decisions/mixed-precision.md``). A CPU whose
    features are unknown counts as one with them.
    """
    return device.type != "cpu" or computes_bfloat16() is not False


def keep_depthwise_float32(module: nn.Module) -> None:
    """Compute ``module``'s depthwise convolutions in float32 under bfloat16 autocast on a CPU.

    The CPU library's bfloat16 backward pass of a depthwise convolution with a stride is several times slower than its
    float32 one (``docs/decisions/mixed-precision.md``). Inputs and outputs stay bfloat16, so the rest is as fast.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d) and part.groups > 1 and part.groups == part.in_channels:
            setattr(part, "forward", _Float32(part.forward))  # noqa: B010 (a method is replaced on purpose)


class _Float32:
    """A module's ``forward`` outside autocast."""

    def __init__(self, forward: Any) -> None:
        self.forward = forward

    def __call__(self, features: Tensor) -> Tensor:
        if not torch.is_autocast_enabled("cpu"):
            result: Tensor = self.forward(features)
            return result
        with torch.autocast("cpu", enabled=False):
            exact: Tensor = self.forward(features.float())
        return exact.to(torch.get_autocast_dtype("cpu"))
