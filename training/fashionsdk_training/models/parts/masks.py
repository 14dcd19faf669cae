"""Masks over an embedding's dimensions, one per attribute (Veit et al., CVPR 2017, arXiv:1603.07810, section 3.2)."""

import torch
from torch import Tensor

from fashionsdk_training.config import Masks

MEAN, DEVIATION = 0.9, 0.7  # of learnt masks at the start, as in the authors' program
INSIDE, OUTSIDE = 1.0, 0.1  # of masks with a prior at the start, on and off an attribute's block


def first_masks(kind: Masks, attributes: int, dimension: int) -> Tensor:
    """Return the masks ``(A, D)`` that training starts from.

    ``learned`` draws them from a normal law; ``prior`` gives each attribute its own block of D // A dimensions, with
    ``OUTSIDE`` elsewhere; ``fixed`` gives it that block alone, with 0 elsewhere.

    Raises:
        ValueError: blocks are asked for and there are more attributes than dimensions.
    """
    if kind == "learned":
        return torch.randn(attributes, dimension) * DEVIATION + MEAN
    block = dimension // attributes
    if block == 0:
        raise ValueError(f"{attributes} attributes share {dimension} dimensions; expected one each at least")
    masks = torch.full((attributes, dimension), OUTSIDE if kind == "prior" else 0.0)
    for a in range(attributes):
        masks[a, a * block : (a + 1) * block] = INSIDE
    return masks
