"""One number that makes probabilities flatter or sharper (Guo et al., ICML 2017, arXiv:1706.04599)."""

import math

import numpy as np
from numpy.typing import NDArray

LEAST_PHOTOS = 20  # with fewer a fitted temperature says more about these photos than about others
RANGE = (0.05, 20.0)  # of the temperature
STEPS = 60  # of golden sections: the last interval is narrower than 1e-9 of the first
LEAST = 1e-30  # of a probability, so that its logarithm is a number
_GOLDEN = (math.sqrt(5) - 1) / 2


def tempered(weights: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Return the logarithms of ``w ** (1 / T)`` over its sum: ``(N, V)`` of weights ``(N, V)``, 0 or more."""
    scaled = np.log(np.maximum(weights.astype(np.float64), LEAST)) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return np.asarray(scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True)))


def fit_temperature(probabilities: NDArray[np.floating], labels: NDArray[np.integer], otherwise: float) -> float:
    """Return the temperature T with which ``p ** (1 / T)`` are the likeliest probabilities of the labels.

    One number cannot change which value is the most probable.

    Args:
        probabilities: ``(N, V)``, as the embeddings hold them.
        labels: ``(N,)``.
        otherwise: what to return for fewer than ``LEAST_PHOTOS`` photos.
    """
    if len(labels) < LEAST_PHOTOS:
        return otherwise

    def loss(log_temperature: float) -> float:
        return -float(tempered(probabilities, math.exp(log_temperature))[np.arange(len(labels)), labels].mean())

    low, high = map(math.log, RANGE)
    for _ in range(STEPS):  # the loss has one minimum in 1 / T, which it is convex in, so in log T as well
        first, second = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, second) if loss(first) < loss(second) else (first, high)
    return math.exp((low + high) / 2)
