"""Which of many a page shows: drawn at random with a fixed seed, never chosen by result."""

import numpy as np
from numpy.typing import NDArray

SEED = 0
MAP_POINTS = 400  # in one embedding map


def draw(rows: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Return at most ``count`` rows drawn with the fixed seed, in their order."""
    chosen = np.random.default_rng(SEED).permutation(len(rows))[:count]
    return rows[np.sort(chosen)]
