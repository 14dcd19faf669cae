"""Whether probabilities mean what they say: 80 of 100 predictions with a probability of 0.8 should be right."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_PHOTOS = 20  # with fewer a fitted temperature says more about these photos than about others
RANGE = (0.05, 20.0)  # of the temperature
STEPS = 60  # of golden sections: the last interval is narrower than 1e-9 of the first
BINS = 10
_GOLDEN = (math.sqrt(5) - 1) / 2
LEAST = 1e-30


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


def fit_temperature(probabilities: NDArray[np.floating], labels: NDArray[np.integer], otherwise: float) -> float:
    """Return the temperature T with which ``p ** (1 / T)`` are the likeliest probabilities of the labels.

    One number cannot change which value is the most probable (Guo et al., ICML 2017, arXiv:1706.04599).

    Args:
        probabilities: ``(N, V)``, as the embeddings hold them.
        labels: ``(N,)``.
        otherwise: what to return for fewer than ``LEAST_PHOTOS`` photos.
    """
    if len(labels) < LEAST_PHOTOS:
        return otherwise
    logits = np.log(np.maximum(probabilities.astype(np.float64), LEAST))

    def loss(log_temperature: float) -> float:
        scaled = logits / math.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(labels)), labels]))

    low, high = map(math.log, RANGE)
    for _ in range(STEPS):  # the loss has one minimum in 1 / T, which it is convex in, so in log T as well
        first, second = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, second) if loss(first) < loss(second) else (first, high)
    return math.exp((low + high) / 2)
