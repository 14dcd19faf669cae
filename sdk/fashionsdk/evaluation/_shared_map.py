"""How much of an attribute's attention maps is the same in every photo: what can be said of maps without any box."""

import numpy as np
from numpy.typing import NDArray

FLAT = 1e-6  # a map that varies less, as a share of its size, has no peak: float32 rounds to 6e-8
NEARLY = 0.75  # from this share on, maps are nearly the same; docs/decisions/doubtful-maps.md has what was measured


class SharedMap:
    """Adds up the maps of one attribute, photo by photo, and says how much they share.

    Of each map it takes how far the cells lie above and below their mean, scaled to length 1. The share is the mean,
    over all pairs of photos, of the correlation between their two maps: the part of the maps' variation that one map
    for all photos would have as well. It is 1 where all maps are the same, and 0 where they follow garments that lie in
    places of their own. How often the peak lies in its commonest cell was the other choice. It depends on how many
    cells there are, and a wide map that hardly changes has its peak in one of several neighbours by chance.

    A large share is a reason for doubt: nothing tells such maps from one fixed place. A small one is no proof, because
    maps may change from photo to photo without lying on the garment. Where all photos have the garment in one place,
    maps that follow it share much too: those photos cannot tell. Maps without a peak are the same as each other.

    Attributes:
        photos: how many maps were added.
    """

    def __init__(self) -> None:
        self.photos = 0
        self._sum: NDArray[np.float64] | None = None

    def add(self, attention: NDArray[np.float32]) -> None:
        """Add one photo's map ``(h, w)``.

        Raises:
            ValueError: the map has no cells or values that are not finite, or another shape than those before.
        """
        if attention.ndim != 2 or 0 in attention.shape or not np.isfinite(attention).all():
            raise ValueError(
                f"attention of shape {attention.shape}; expected (h, w) with finite values, h and w from 1"
            )
        unit = _unit(attention)
        if self._sum is not None and self._sum.shape != unit.shape:
            raise ValueError(
                f"attention has {attention.size} cells, that before {self._sum.size - 1}; expected as many"
            )
        self._sum = unit if self._sum is None else self._sum + unit
        self.photos += 1

    @property
    def share(self) -> float | None:
        """What the maps have in common, 0 to 1; ``None`` for fewer than two photos."""
        if self._sum is None or self.photos < 2:
            return None
        products = float(self._sum @ self._sum) - self.photos  # of all pairs of two photos, without each with itself
        return min(max(products / (self.photos * (self.photos - 1)), 0.0), 1.0)


def _unit(attention: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return a map ``(h, w)`` about its mean as a vector of length 1, ``(h * w + 1)``; the last number is for none."""
    cells = attention.astype(np.float64).ravel()
    varied = cells - cells.mean()
    length = float(np.linalg.norm(varied))
    if length <= FLAT * float(np.linalg.norm(cells)):
        return np.append(np.zeros_like(cells), 1.0)
    return np.append(varied / length, 0.0)
