"""ASEN++ as its program runs it: in a second step the region is cut out of the original picture.

Dong et al., IEEE TIP 2021, arXiv:2104.02429, section III-C. The one-step graph is compared with it.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fashionsdk.photos import Preprocessing
from fashionsdk_training.models import ASENPlusPlus, unit
from fashionsdk_training.models.parts import attended_region


def region_box(attention: Tensor, threshold: float, size: tuple[int, int], side: int) -> tuple[int, int, int, int]:
    """Return the box left, top, right, bottom to cut out of a picture of ``size`` (width, height) in pixels.

    Args:
        attention: ``(h, w)``.
        threshold: share of the attention's range.
        size: of the picture whose centre square is the network's input.
        side: side of that input in pixels, 224 in the original.
    """
    shorter = min(size)
    left, top, length = (
        int(value / side * shorter) for value in attended_region(attention[None], threshold, side)[0].tolist()
    )
    length = max(1, length)  # for a picture of few pixels, where the original fails
    left, top = left + (size[0] - shorter) // 2, top + (size[1] - shorter) // 2
    return left, top, left + length, top + length


@torch.inference_mode()
def embed_pictures(model: ASENPlusPlus, pictures: Sequence[Image.Image]) -> Tensor:
    """Return embeddings ``(N, A, D)`` of upright RGB pictures of any size by the original's two steps."""
    return torch.stack([_embed(model, picture) for picture in pictures])


def _embed(model: ASENPlusPlus, picture: Image.Image) -> Tensor:
    local = model.local
    whole = model.global_branch.encode(_pixels(model, [Preprocessing(local.global_side)(picture)]))
    assert whole.attention is not None, "a branch has spatial attention"
    cut = [
        picture.crop(region_box(attention, local.threshold, picture.size, local.global_side)).resize(
            (local.side, local.side), Image.Resampling.BILINEAR
        )
        for attention in whole.attention[0]
    ]
    part = model.local_branch.encode(_pixels(model, [np.asarray(image) for image in cut])).embeddings
    own = torch.arange(len(cut))
    joined = [math.sqrt(local.beta) * unit(whole.embeddings[0]), math.sqrt(1 - local.beta) * unit(part[own, own])]
    return torch.cat(joined, dim=-1)


def _pixels(model: ASENPlusPlus, images: Sequence[np.ndarray]) -> Tensor:
    return model.normalise(torch.from_numpy(np.stack(images)).to(model.mean.device))
