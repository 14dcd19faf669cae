"""Which colours each cell of a picture has."""

import torch
from torch import Tensor, nn

from fashionsdk_training.models.parts.colour_spaces import COLOUR_SPACES

# On each side of a cell at least; a sample is the mean colour of a small square. Tones of CIELAB cost more to compute,
# and have fewer samples to be as fast.
SAMPLES = {"rgb": 4, "lab": 2}


def sample_side(stride: int, samples: int) -> int:
    """Return the side of a sample's square: a whole number of them makes a cell, ``samples`` a side or more."""
    return next(side for side in range(max(1, stride // samples), 0, -1) if stride % side == 0)


class ColourCells(nn.Module):
    """The colours of each cell of a grid: `samples` from 0 to 1, ``(B, 3, h', w')``, to ``(B, T**3, h, w)``.

    The T x T x T tones are a lattice over the space's three coordinates, each from 0 to 1. A colour counts for the up
    to eight tones around it, by linear interpolation, so a cell's numbers sum to 1, and a small change of a colour
    changes them a little. What is right of and below the picture, in a last cell that is not whole, counts as the
    picture's edge.

    Args:
        tones: T, 2 or more, of each coordinate.
        stride: sides of a cell in pixels.
        space: of `COLOUR_SPACES`.
    """

    steps: Tensor

    def __init__(self, tones: int, stride: int, space: str = "rgb") -> None:
        super().__init__()
        self.tones, self.stride, self.square = tones, stride, sample_side(stride, SAMPLES[space])
        self.placed = COLOUR_SPACES[space]
        self.register_buffer("steps", torch.arange(tones).float(), persistent=False)

    def samples(self, pixels: Tensor) -> Tensor:
        """Return the mean of each sample's pixels: ``(B, 3, H, W)`` to ``(B, 3, h', w')``."""
        below, beside = (-length % self.stride for length in pixels.shape[2:])
        if below or beside:
            pixels = nn.functional.pad(pixels, (0, beside, 0, below), mode="replicate")
        return nn.functional.avg_pool2d(pixels, self.square)

    def forward(self, samples: Tensor) -> Tensor:
        """Return the share of each tone in each cell."""
        placed = self.placed(samples)
        distances = (placed[:, :, None] * (self.tones - 1) - self.steps.view(-1, 1, 1)).abs()  # (B, 3, T, h', w')
        first, second, third = (1 - distances).clamp(min=0).unbind(dim=1)
        pairs = (first[:, :, None] * second[:, None]).flatten(1, 2)
        tones = (pairs[:, :, None] * third[:, None]).flatten(1, 2)
        return nn.functional.avg_pool2d(tones, self.stride // self.square)
