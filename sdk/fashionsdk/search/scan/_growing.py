"""Arrays that grow by doubling, so that appending costs O(N) on average."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


def reserved(stored: NDArray[T], count: int, total: int) -> NDArray[T]:
    """Return an array with room for ``total`` rows that keeps the first ``count``."""
    if total <= len(stored):
        return stored
    grown = np.empty((max(total, 2 * count), *stored.shape[1:]), stored.dtype)
    grown[:count] = stored[:count]
    return grown
