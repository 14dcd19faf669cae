"""A loss on attention ``(B, A, h, w)``: it should lie where the attribute is decided, in photos that have boxes."""

import torch
from torch import Tensor


def attention_loss(attention: Tensor, boxes: Tensor) -> Tensor:
    """Return minus the log of attention's share inside the boxes, summed over a photo's and averaged over photos.

    A cell counts by the part of it that a box covers. So a box smaller than a cell costs something wherever attention
    lies, and least in the cell that it covers most.

    Args:
        attention: ``(B, A, h, w)``, not negative. Its sum does not matter.
        boxes: ``(B, A, 4)``, left, top, right and bottom as fractions of the map's sides, NaN where there is none.
    """
    known = ~boxes.isnan().any(dim=-1)  # (B, A)
    maps, (left, top, right, bottom) = attention[known].float(), boxes[known].T
    rows, columns = covered(top, bottom, maps.shape[1]), covered(left, right, maps.shape[2])  # (n, h), (n, w)
    inside = (rows[:, None] @ maps @ columns[..., None]).flatten() / maps.sum(dim=(1, 2))
    return -inside.clamp(min=torch.finfo(torch.float32).tiny).log().sum() / len(boxes)


def covered(low: Tensor, high: Tensor, cells: int) -> Tensor:
    """Return which part of each of ``cells`` equal cells of 0 to 1 lies between two places ``(n,)``: ``(n, cells)``."""
    edges = torch.linspace(0, 1, cells + 1, device=low.device)
    shared = torch.minimum(high[:, None], edges[1:]) - torch.maximum(low[:, None], edges[:-1])
    return (cells * shared).clamp(min=0)
