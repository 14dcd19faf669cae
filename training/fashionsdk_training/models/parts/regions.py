"""The region that ASEN++'s local branch looks at (Dong et al., IEEE TIP 2021, arXiv:2104.02429, section III-C).

Everything here is reductions and matrix products on tensors of fixed rank, so it can be exported with the graph.
"""

import torch
from torch import Tensor, nn


def attended_region(attention: Tensor, threshold: float, side: int) -> Tensor:
    """Return the square around the attended positions: float32 whole numbers ``(..., 3)``, left, top and size.

    The map is resized to ``side`` x ``side`` and scaled to 0..255; the square is as long as the longer side of the
    bounding box of what exceeds ``threshold``, and centred on it as far as the borders allow.

    Args:
        attention: ``(..., h, w)``, not negative.
        threshold: share of the map's range, below 1.
        side: of the picture that the map belongs to, in pixels; 224 in the original.
    """
    flat = attention.detach().float().reshape(-1, 1, *attention.shape[-2:])  # (N, 1, h, w)
    large = _resize(flat, side)[:, 0]  # (N, side, side)
    lowest, highest = large.amin(dim=(1, 2), keepdim=True), large.amax(dim=(1, 2), keepdim=True)
    scaled = (large - lowest) / (highest - lowest).clamp(min=torch.finfo(torch.float32).tiny)
    attended = torch.floor(scaled * 255) > 255 * threshold  # (N, side, side)
    attended = attended | ~attended.any(dim=2, keepdim=True).any(
        dim=1, keepdim=True
    )  # a map of one value: look everywhere
    left, width = _extent(attended.any(dim=1))
    top, height = _extent(attended.any(dim=2))
    size = torch.maximum(width, height)
    square = torch.stack([_start(left, width, size, side), _start(top, height, size, side), size], dim=1)
    return square.reshape(*attention.shape[:-2], 3)


def _resize(maps: Tensor, side: int) -> Tensor:
    """Resize maps ``(N, 1, h, w)`` to ``side`` x ``side``, bilinearly."""
    height, width = maps.shape[-2:]
    whole = side % height == 0 and side % width == 0
    # With a whole factor the exported graph states that factor; with a size, it would compute N on the CPU.
    factor = {"scale_factor": (side / height, side / width)} if whole else {"size": (side, side)}
    return nn.functional.interpolate(maps, mode="bilinear", align_corners=False, **factor)


def _extent(attended: Tensor) -> tuple[Tensor, Tensor]:
    """Return start and length ``(N,)`` of the shortest span that holds every true position of ``(N, side)``."""
    side = attended.shape[1]
    positions = torch.arange(side, dtype=torch.float32, device=attended.device)
    first = torch.where(attended, positions, float(side)).amin(dim=1)
    last = torch.where(attended, positions, -1.0).amax(dim=1)
    return first, last - first + 1


def _start(first: Tensor, length: Tensor, size: Tensor, side: int) -> Tensor:
    """Return the start of a span of ``size`` centred on the given one, rounded as in the original."""
    centre, half = first + torch.floor(length / 2), torch.floor(size / 2)
    return torch.where(centre + half > side, side - size, (centre - half).clamp(min=0))


def scale_region(region: Tensor, side: int, to: int) -> Tensor:
    """Return regions ``(..., 3)`` of a picture of ``side`` pixels in one of ``to`` pixels, rounded down."""
    return torch.floor(region * to / side)


def crop(pixels: Tensor, region: Tensor, side: int) -> Tensor:
    """Cut squares out of pictures and resize them to ``side`` x ``side``, as Pillow's bilinear filter does.

    The filter widens with the reduction, so a large region does not alias, which bilinear sampling (GridSample) does.

    Args:
        pixels: ``(..., 3, P, P)``.
        region: ``(..., 3)``, left, top and size in pixels, whole numbers; a size below 1 counts as 1.
        side: of the result.

    Returns:
        ``(..., 3, side, side)``; leading dimensions broadcast.
    """
    size = region[..., 2]
    rows = resampling(region[..., 1], size, pixels.shape[-2], side)[..., None, :, :]  # (..., 1, side, P)
    columns = resampling(region[..., 0], size, pixels.shape[-1], side)[..., None, :, :]
    return rows @ pixels @ columns.transpose(-1, -2)


def resampling(start: Tensor, size: Tensor, length: int, side: int) -> Tensor:
    """Return matrices ``(..., side, length)`` that resize ``size`` values from ``start`` on to ``side`` values.

    A row is a triangle around its centre, cut at the span's ends, of sum 1; half as wide as the reduction, or 1. Beyond
    ``length`` the last value repeats.
    """
    start, size = start[..., None, None], size[..., None, None].clamp(min=1)
    step = size / side
    centre = start + (torch.arange(side, device=start.device)[:, None] + 0.5) * step  # (..., side, 1)
    centre = centre.clamp(max=length - 0.5)  # the original's rounding can cross the border
    position = torch.arange(length, device=start.device) + 0.5  # (length,)
    weight = (1 - (position - centre).abs() / step.clamp(min=1)).clamp(min=0)
    weight = weight * ((position > start) & (position < start + size))
    normalised: Tensor = weight / weight.sum(dim=-1, keepdim=True)
    return normalised
