"""Whether probabilities mean what they say: 80 of 100 predictions with a probability of 0.8 should be right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """How right an attribute's predictions are, and how far from that their probabilities.

    Attributes:
        photos: how many labelled photos were predicted.
        accuracy: share of them whose most probable value is the label, 0 to 1.
        error: expected calibration error in ten bins of equal width, 0 to 1 (Guo et al., ICML 2017, arXiv:1706.04599).
        rows: for each bin that is not empty: photos, mean probability of the prediction, and accuracy.
    """

    photos: int
    accuracy: float
    error: float
    rows: tuple[tuple[int, float, float], ...]


def calibration(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> Calibration:
    """Compare predictions with labels.

    Args:
        probabilities: ``(N, V)``, rows that sum to 1; N is 1 or more.
        labels: ``(N,)``, the value that each photo shows.
    """
    certain, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((certain * BINS).astype(np.int64), BINS - 1)
    chosen = [bins == each for each in range(BINS) if (bins == each).any()]
    rows = tuple((int(each.sum()), float(certain[each].mean()), float(right[each].mean())) for each in chosen)
    error = sum(count * abs(said - was) for count, said, was in rows) / len(labels)
    return Calibration(len(labels), float(right.mean()), float(error), rows)
