"""Where a photo lies in a model's input, and back: for boxes, for attention, and for what is drawn over a photo."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Placement:
    """A photo's place in the square input of a model.

    Coordinates are pixels from the left and the top, and name edges: 0 is the left edge of the first pixel, S the right
    edge of the last.

    Attributes:
        size: width and height of the upright photo, in its own pixels.
        side: S, the input's side.
        box: left, top, right and bottom of the whole photo in the input. A side that was cut off lies below 0 or
            above S.
    """

    size: tuple[int, int]
    side: int
    box: tuple[float, float, float, float]

    def to_input(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map points ``(..., 2)``, x and y in the photo's pixels, to the input's. Outside it they were cut off."""
        begin, scale = self._scale()
        return np.asarray(np.asarray(points, np.float64) * scale + begin)

    def to_photo(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map points ``(..., 2)``, x and y in the input's pixels, to the photo's. Outside it lies the padding."""
        begin, scale = self._scale()
        return np.asarray((np.asarray(points, np.float64) - begin) / scale)

    @property
    def shown(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the part of the input that shows the photo; the rest is padding."""
        left, top, right, bottom = self.box
        return max(left, 0.0), max(top, 0.0), min(right, self.side), min(bottom, self.side)

    @property
    def seen(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the part of the photo that the model sees, in the photo's pixels."""
        (left, top), (right, bottom) = self.to_photo([self.shown[:2], self.shown[2:]]).tolist()
        return left, top, right, bottom

    def _scale(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        left, top, right, bottom = self.box
        return np.array([left, top]), np.array([(right - left) / self.size[0], (bottom - top) / self.size[1]])
