"""Colours pooled by each attribute's own attention, and linear classifiers on them."""

import torch
from torch import Tensor, nn

from fashionsdk_training.models.parts.colour_cells import ColourCells

SCALE = 8.0  # about one over the deviation of the roots of shares; with it, one weight decay suits all tones
SMALLEST = 1e-4  # is added to a share: the slope of its root is finite, and a trace of a colour is no colour


class ColourLevel(nn.Module):
    """Classifiers on the colours of the places that an attribute is about.

    A network's features say little about close shades, and their mean over a photo mixes the garment with what is
    beside it. Here a query for each attribute chooses cells by the features' finer map, the cells' colours are averaged
    with these weights, and the roots of the averages, whose inner products are Bhattacharyya coefficients, are
    classified linearly. Queries and classifiers start at zero: every cell counts alike, and no logit changes.

    Args:
        tones: of each coordinate.
        stride: sides of a cell in pixels.
        channels: C, of the finer map.
        attributes: A.
        values: V, of the attribute that has most.
        space: of `COLOUR_SPACES`.
        dropout: share of the pooled tones that training leaves out. The tones of a photo are nearly the same in every
            epoch, so classifiers on them learn photos by heart sooner than those on features.
    """

    def __init__(
        self,
        tones: int,
        stride: int,
        channels: int,
        attributes: int,
        values: int,
        space: str = "rgb",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.cells = ColourCells(tones, stride, space)
        self.drop = nn.Dropout(dropout)
        self.where = nn.Parameter(torch.zeros(attributes, channels))
        self.rows = nn.Parameter(torch.zeros(attributes, values, tones**3))

    def forward(self, samples: Tensor, features: Tensor) -> Tensor:
        """Return the roots of each attribute's pooled shares ``(B, A, T)``.

        Args:
            samples: those of `cells`, from 0 to 1, ``(B, 3, h', w')``.
            features: the finer map, standardised, ``(B, C, h, w)``; it says how much each cell counts.
        """
        height, width = features.shape[2:]
        cells = self.cells(samples)[:, :, :height, :width].flatten(2)
        weights = torch.softmax((self.where @ features.flatten(2)).float(), dim=-1)
        pooled = weights @ cells.transpose(1, 2)  # (B, A, h*w) @ (B, h*w, T)
        roots: Tensor = self.drop((pooled + SMALLEST).sqrt())
        return roots

    def logits(self, roots: Tensor) -> Tensor:
        """Return what colours add to the logits, ``(B, A, V)``."""
        added: Tensor = (SCALE * self.rows) @ roots[..., None]  # (A, V, T) @ (B, A, T, 1)
        return added.squeeze(-1)
