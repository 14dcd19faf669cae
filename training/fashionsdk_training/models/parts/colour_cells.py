"""Which colours each cell of a picture has."""

import torch
from torch import Tensor, nn

SAMPLES = 4  # on each side of a cell at least; a sample is the mean colour of a small square


def sample_side(stride: int) -> int:
    """Return the side of a sample's square: a whole number of them makes a cell, `SAMPLES` a side or more."""
    return next(side for side in range(max(1, stride // SAMPLES), 0, -1) if stride % side == 0)


class ColourCells(nn.Module):
    """The colours of each cell of a grid: pixels from 0 to 1, ``(B, 3, H, W)``, to ``(B, T**3, h, w)``.

    The T x T x T tones are a lattice over red, green and blue. A colour counts for the up to eight tones around it, by
    linear interpolation, so a cell's numbers sum to 1, and a small change of a colour changes them a little. What is
    right of and below the picture, in a last cell that is not whole, counts as the picture's edge.

    Args:
        tones: T, 2 or more, of each channel.
        stride: sides of a cell in pixels.
    """

    steps: Tensor

    def __init__(self, tones: int, stride: int) -> None:
        super().__init__()
        self.tones, self.stride, self.square = tones, stride, sample_side(stride)
        self.register_buffer("steps", torch.arange(tones).float(), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the share of each tone in each cell."""
        below, beside = (-length % self.stride for length in pixels.shape[2:])
        if below or beside:
            pixels = nn.functional.pad(pixels, (0, beside, 0, below), mode="replicate")
        samples = nn.functional.avg_pool2d(pixels, self.square)
        near = (1 - (samples[:, :, None] * (self.tones - 1) - self.steps.view(-1, 1, 1)).abs()).clamp(
            min=0
        )  # (B, 3, T, h', w')
        red, green, blue = near.unbind(dim=1)
        pairs = (red[:, :, None] * green[:, None]).flatten(1, 2)
        tones = (pairs[:, :, None] * blue[:, None]).flatten(1, 2)
        return nn.functional.avg_pool2d(tones, self.stride // self.square)
