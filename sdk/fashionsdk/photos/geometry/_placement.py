"""Where a photo lies in a model's input, and the way back to the photo's own pixels."""

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Fit: TypeAlias = Literal["crop", "pad"]
Size: TypeAlias = tuple[int, int]
Edges: TypeAlias = tuple[int, int, int, int]

FITS: tuple[Fit, ...] = ("crop", "pad")


@dataclass(frozen=True)
class Placement:
    """How a photo, or a part of it, is resized and placed in a model's input.

    Places are x and y in pixels, to the right and down, as floats; the first pixel reaches from 0 to 1. Boxes are
    left, top, right and bottom.

    Attributes:
        part: the box of the upright photo that is placed: all of it, unless one garment was cut out.
        input: width and height of the model's input.
        resized: width and height that the part is resized to.
        offset: x and y in the input where the resized part begins; below 0 where the input cuts it off.
    """

    part: Edges
    input: Size
    resized: Size
    offset: Size

    @classmethod
    def of(cls, photo: Size, into: Size, fit: Fit) -> "Placement":
        """Return how a whole photo is placed: covering the input's size, or inside it."""
        resized = (_covering if fit == "crop" else _inside)(photo, into)
        offset = tuple(map(_before, into, resized))
        return cls((0, 0, *photo), into, resized, (offset[0], offset[1]))

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
        """Return the part of the input ``(H, W, 3)`` that shows the photo, without padding."""
        left, top, right, bottom = self.visible
        return pixels[top:bottom, left:right]

    @property
    def seen(self) -> tuple[float, float, float, float]:
        """The box of the photo that the input shows; the rest of the photo is cut off."""
        left, top, right, bottom = self.to_photo(np.array(self.visible)).tolist()
        return left, top, right, bottom

    def to_photo(self, places: NDArray[Any]) -> NDArray[np.float64]:
        """Map places ``(..., 2)`` or boxes ``(..., 4)`` of the input to the photo's; in the padding, outside of it."""
        scale, offset, begin = self._axes(places)
        return np.asarray((places - offset) / scale + begin)

    def to_input(self, places: NDArray[Any]) -> NDArray[np.float64]:
        """Map places ``(..., 2)`` or boxes ``(..., 4)`` of the photo to the input's; what is cut off, outside of it."""
        scale, offset, begin = self._axes(places)
        return np.asarray((places - begin) * scale + offset)

    def _axes(self, places: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return pixels of the input for one of the photo, and where the part begins in each, as long as a place."""
        if places.ndim < 1 or places.shape[-1] not in (2, 4):
            raise ValueError(f"places have shape {places.shape}; expected x and y (..., 2), or boxes (..., 4)")
        left, top, right, bottom = self.part
        scale = np.array(self.resized, np.float64) / (right - left, bottom - top)
        repeats = places.shape[-1] // 2
        offset, begin = np.array(self.offset, np.float64), np.array((left, top), np.float64)
        return np.tile(scale, repeats), np.tile(offset, repeats), np.tile(begin, repeats)


def _covering(photo: Size, into: Size) -> Size:
    """Return the size at which a photo just covers ``into``, rounded down."""
    (width, height), (across, down) = photo, into
    if across * height >= down * width:
        return across, int(across * height / width)
    return int(down * width / height), down


def _inside(photo: Size, into: Size) -> Size:
    """Return the size at which a photo just fits into ``into``: rounded, and at least a pixel thick."""
    (width, height), (across, down) = photo, into
    if across * height >= down * width:
        return max(round(down * width / height), 1), down
    return across, max(round(across * height / width), 1)


def _before(outer: int, inner: int) -> int:
    """Return where a length begins in the middle of another; of a longer one, halves to even as torchvision rounds."""
    return (outer - inner) // 2 if inner <= outer else -round((inner - outer) / 2.0)
