"""Pairs of photos that may show one picture: each photo and those of the nearest features."""

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices

NEIGHBOURS = 8
LEAST_COSINE = 0.3  # of features less their mean; a crop of 15 % keeps more
BLOCK = 512


def candidate_pairs(features: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return pairs of photos ``(P, 2)``, the lower index first, sorted: each photo with its nearest ones.

    Of few photos all pairs are candidates.

    Features of mirrored and of cropped photos are near the first photo's, since the network was trained on both.

    Args:
        features: float32 ``(N, F)``.
    """
    count = len(features)
    if count <= NEIGHBOURS + 1:
        return np.stack(np.triu_indices(count, 1), axis=1)
    unit = unit_rows(features)
    pairs = [np.zeros((0, 2), np.int64)]
    for block in slices(count, BLOCK):
        cosines = unit[block] @ unit.T
        own = np.arange(block.start, block.stop)
        cosines[own - block.start, own] = -2
        near = np.argpartition(-cosines, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
        row, column = np.nonzero(np.take_along_axis(cosines, near, axis=1) >= LEAST_COSINE)
        pairs.append(np.stack([own[row], near[row, column]], axis=1))
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)


def unit_rows(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features less their mean, of length 1; those that are the mean stay 0."""
    centred = features - features.mean(axis=0)
    return np.asarray(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6), np.float32)
