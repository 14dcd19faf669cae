"""Where a random variant of a photo shows what the photo shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk.photos import Edges, Placement

LEAST_SHOWN = 0.5  # of a box's area: of less, what decides the attribute may be cut off


@dataclass(frozen=True)
class View:
    """How the model's input shows a photo: a part of it is cut out, mirrored perhaps, and placed.

    Attributes:
        placement: of that part in the input.
        mirrored: whether the part is mirrored before it is placed.
        erased: a rectangle of the input that shows nothing: left, top, right and bottom in pixels.
    """

    placement: Placement
    mirrored: bool = False
    erased: Edges = (0, 0, 0, 0)

    def boxes(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map boxes ``(..., 4)`` in the photo's pixels to what the input shows of them, as fractions of its sides.

        Boxes are left, top, right and bottom. A box of which less than ``LEAST_SHOWN`` is shown, because the rest is
        cut off or erased, becomes NaN, as one that is NaN does.
        """
        placed = self.placement.to_input(self._mirrored(boxes) if self.mirrored else boxes)
        left, top, right, bottom = self.placement.visible  # beside it lies padding, or nothing
        shown = np.clip(placed, [left, top, left, top], [right, bottom, right, bottom])
        gone = np.array(self.erased, np.float64)
        hidden = np.concatenate([np.maximum(shown[..., :2], gone[:2]), np.minimum(shown[..., 2:], gone[2:])], axis=-1)
        enough = _area(shown) - _area(hidden) >= LEAST_SHOWN * _area(placed)
        fractions = np.where(enough[..., None], shown, np.nan) / np.tile(self.placement.input, 2)
        return np.asarray(fractions)

    def _mirrored(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        left, _, right, _ = self.placement.part
        flipped = boxes.copy()
        flipped[..., [0, 2]] = left + right - boxes[..., [2, 0]]
        return flipped


def _area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((boxes[..., 2:] - boxes[..., :2]).clip(min=0).prod(axis=-1))
