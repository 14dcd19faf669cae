"""Fit the classifier of an added attribute: encode its photos once, then logistic regression on the features."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fashionsdk._tools.batches import slices
from fashionsdk._tools.progress import progress_bar
from fashionsdk_training.loop import PHOTOS_AT_ONCE
from fashionsdk_training.models import MOST_VALUES, NEVER, AddedAttribute, AttributeModel, pool_bands
from fashionsdk_training.probe import fit_logistic, standardisation

PENALTY = 1e-4  # of the squared weights, for each feature; chosen on held-out training photos (docs/decisions)


@torch.inference_mode()
def encode_bands(
    model: AttributeModel, pixels: NDArray[np.uint8], *, mirrored: bool = False, progress: bool = False
) -> Tensor:
    """Return the band averages of the network's feature maps, float32 ``(N, R, C)`` on the CPU.

    Args:
        model: in eval mode, on any device.
        pixels: uint8 ``(N, H, W, 3)``.
        mirrored: whether to mirror the photos.
        progress: whether to show a progress bar.
    """
    rows = []
    name = "encoding mirrored photos" if mirrored else "encoding photos"
    with progress_bar(None, name, len(pixels), "photo", shown=progress) as bar:
        for batch in slices(len(pixels), PHOTOS_AT_ONCE):
            images = torch.from_numpy(np.array(pixels[batch])).to(model.mean.device)
            maps = model.features(model.normalise(images.flip(2) if mirrored else images))
            rows.append(pool_bands(model.joined(maps).float()).cpu())
            bar.update(len(images))
    return torch.cat(rows)


def fit_added(bands: Tensor, values: NDArray[np.int64], dimension: int) -> AddedAttribute:
    """Return an attribute that tells ``values`` apart: multinomial logistic regression with squared weights penalised.

    The penalty grows with the number of features, so that its share is the same in every network. Values without
    photos get probability 0.

    Args:
        bands: float32 ``(N, R, C)``.
        values: ``(N,)``, indices of at least two values.
        dimension: D.

    Raises:
        ValueError: an embedding has no room for the values.
    """
    most = min(dimension, MOST_VALUES)
    if int(values.max()) >= most:
        raise ValueError(f"value index {int(values.max())} of an added attribute; expected at most {most} values")
    added = AddedAttribute(bands.shape[2], dimension)
    mean, deviation = standardisation(bands)
    added.mean.copy_(mean)
    added.deviation.copy_(deviation)
    seen, targets = np.unique(values, return_inverse=True)
    standardised = ((bands - added.mean) / added.deviation).flatten(1)
    weight, bias = fit_logistic(standardised, targets, PENALTY * standardised.shape[1])
    with torch.no_grad():
        added.classify.weight.zero_()[seen] = weight
        added.classify.bias.fill_(NEVER)[seen] = bias
    return added.eval()
