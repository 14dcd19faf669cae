"""Where a photo lies in a model's input, and the way back to the photo's own pixels."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Fit: TypeAlias = Literal["crop", "pad"]
Size: TypeAlias = tuple[int, int]
Edges: TypeAlias = tuple[int, int, int, int]

FITS: tuple[Fit, ...] = ("crop", "pad")


@dataclass(frozen=True)
class Placement:
    """How a photo, or a part of it, is resized and placed in a model's input.

    `fashionsdk.Preprocessing.placement` gives it. Places are x and y in pixels, to the right and down, of edges: 0 is
    the left edge of the first pixel, 1 its right edge, and 0.5 its centre. Boxes are left, top, right and bottom.

    Attributes:
        part: the box of the upright photo that is placed: all of it, unless one garment was cut out.
        input: width and height of the model's input.
        resized: width and height that the part is resized to. Each is rounded, so x and y have scales of their own.
        offset: x and y in the input where the resized part begins; below 0 where the input cuts it off.
    """

    part: Edges
    input: Size
    resized: Size
    offset: Size

    @classmethod
    def of(cls, photo: Size, into: Size, fit: Fit) -> "Placement":
        """Return how a whole photo is placed, covering the input or inside it.

        One side decides: it becomes the input's. The other is rounded down, but at least 1 pixel. What stands out or
        is left over is shared by both ends; of an odd pixel, halves are rounded to even.
        """
        (width, height), (across, down) = photo, into
        if (across * height >= down * width) == (fit == "crop"):
            resized = across, max(across * height // width, 1)
        else:
            resized = max(down * width // height, 1), down
        return cls((0, 0, *photo), into, resized, (_begin(across, resized[0]), _begin(down, resized[1])))

    def cut_from(self, box: Edges) -> "Placement":
        """Return the placement of a box of a larger photo, where this is the placement of what was cut out."""
        return replace(self, part=box)

    @property
    def visible(self) -> Edges:
        """The box of the input that shows the photo, in whole pixels; the rest is padding."""
        (left, right), (top, bottom) = (
            (max(begin, 0), min(begin + length, limit))
            for begin, length, limit in zip(self.offset, self.resized, self.input, strict=True)
        )
        return left, top, right, bottom

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the part of the input ``(H, W, 3)`` that shows the photo, without padding: a view."""
        left, top, right, bottom = self.visible
        return pixels[top:bottom, left:right]

    @property
    def seen(self) -> tuple[float, float, float, float]:
        """The box of the photo that the input shows; the rest of the photo is cut off."""
        left, top, right, bottom = self.to_photo(self.visible).tolist()
        return left, top, right, bottom

    def to_photo(self, places: ArrayLike) -> NDArray[np.float64]:
        """Map places ``(..., 2)`` or boxes ``(..., 4)`` of the input to the photo's; in the padding, outside of it.

        Raises:
            ValueError: the last axis is not of 2 or 4 numbers.
        """
        values = _checked(places)
        part, resized, begin, offset = self._axes(values)
        return np.asarray((values - offset) * part / resized + begin)  # in this order whole edges stay exact

    def to_input(self, places: ArrayLike) -> NDArray[np.float64]:
        """Map places ``(..., 2)`` or boxes ``(..., 4)`` of the photo to the input's; what is cut off, outside of it.

        Raises:
            ValueError: the last axis is not of 2 or 4 numbers.
        """
        values = _checked(places)
        part, resized, begin, offset = self._axes(values)
        return np.asarray((values - begin) * resized / part + offset)

    def _axes(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Return the part's lengths in the photo and in the input, and where it begins in each, as long as a place."""
        left, top, right, bottom = self.part
        pairs = (right - left, bottom - top), self.resized, (left, top), self.offset
        return tuple(np.tile(np.array(pair, np.float64), values.shape[-1] // 2) for pair in pairs)


def _begin(outer: int, inner: int) -> int:
    """Return where a length begins that lies in the middle of another, or reaches beyond it, as torchvision rounds."""
    return -round((inner - outer) / 2.0)


def _checked(places: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(places, np.float64)
    if values.ndim < 1 or values.shape[-1] not in (2, 4):
        raise ValueError(f"places have shape {values.shape}; expected x and y (..., 2), or boxes (..., 4)")
    return values
