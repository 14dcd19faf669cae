"""One fixed place for all photos: what attention must beat to be about the photo rather than about photos."""

import math

import numpy as np
from numpy.typing import NDArray

PLACES = 20  # along each side of the photo
SURE = 0.05  # of a two-sided sign test
EXACT_UP_TO = 1000  # tosses


def fixed_place_hits(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return, for each photo, whether the place that is best for all other photos lies in its box: ``(N,)``.

    Args:
        boxes: ``(N, 4)``, left, top, right and bottom in fractions of the photo, which is cut into 20 by 20 places.
            Of equally good places it is the first, row by row.
    """
    centres = (np.arange(PLACES) + 0.5) / PLACES
    across = (boxes[:, :1] <= centres) & (centres <= boxes[:, 2:3])  # (N, places), x
    down = (boxes[:, 1:2] <= centres) & (centres <= boxes[:, 3:])
    covered = (down[:, :, None] & across[:, None, :]).reshape(len(boxes), -1)
    of_others = covered.sum(axis=0) - covered
    return np.asarray(covered[np.arange(len(boxes)), of_others.argmax(axis=1)])


def surely_more(hits: NDArray[np.bool_], others: NDArray[np.bool_]) -> bool:
    """Return whether ``hits`` has more than ``others`` on the same photos, by a two-sided sign test."""
    more, fewer = int((hits & ~others).sum()), int((others & ~hits).sum())
    return more > fewer and 2 * _tail(more, fewer) < SURE


def _tail(more: int, fewer: int) -> float:
    """Return how probably a coin shows at most ``fewer`` heads; of very many tosses by the normal approximation."""
    tosses = more + fewer
    if tosses > EXACT_UP_TO:
        return 0.5 * math.erfc((more - fewer - 1) / math.sqrt(2 * tosses))
    return float(sum(math.comb(tosses, heads) for heads in range(fewer + 1)) / 2**tosses)
