"""Chooses what a page shows: at random with a fixed seed, never by result."""

import numpy as np
from numpy.typing import NDArray

SEED = 0
MAP_POINTS = 400  # in one embedding map


def sample_rows(rows: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return at most ``count`` random rows, in their order."""
    chosen = np.random.default_rng(SEED).permutation(len(rows))[:count]
    return rows[np.sort(chosen)]
