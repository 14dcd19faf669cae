"""One garment of a photo that shows several: the photo, and a box around the garment."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from fashionsdk.photos._source import ImageSource

PixelBox: TypeAlias = tuple[float, float, float, float]

EDGES = ("left", "top", "right", "bottom")


@dataclass(frozen=True, eq=False)
class Cutout:
    """A part of a photo, taken for the whole: wherever an image is taken, a cutout may be given instead.

    Attributes:
        photo: any source of an image but another cutout.
        box: left, top, right and bottom in pixels of the upright photo, the upper left corner being 0, 0. Edges are
            rounded to whole pixels.

    Raises:
        TypeError: ``photo`` is a cutout.
        ValueError: the box is not four finite numbers, begins before the photo, or holds no pixel. Whether it ends
            within the photo shows when the photo is read.
    """

    photo: "ImageSource"
    box: PixelBox

    def __post_init__(self) -> None:
        """Check the box, and round its edges."""
        if isinstance(self.photo, Cutout):
            raise TypeError("photo is a Cutout; expected the photo itself, and a box in its pixels")
        object.__setattr__(self, "box", _whole_pixels(self.box))

    def __str__(self) -> str:
        return box_text(self.box)

    @property
    def pixels(self) -> tuple[int, int, int, int]:
        """The box in whole pixels."""
        left, top, right, bottom = map(int, self.box)
        return left, top, right, bottom

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        left, top, right, bottom = self.pixels
        return right - left, bottom - top

    def check_within(self, size: tuple[int, int]) -> None:
        """Check that a photo of this width and height holds the box.

        Raises:
            ValueError: the box ends outside.
        """
        if self.pixels[2] > size[0] or self.pixels[3] > size[1]:
            raise ValueError(
                f"has {size[0]} x {size[1]} pixels; expected the box {box_text(self.pixels)} (left, top, right, "
                "bottom) to lie inside"
            )


def box_text(box: Sequence[float]) -> str:
    """Return a box as tables write it."""
    return " ".join(f"{edge:g}" for edge in box)


def _whole_pixels(box: Sequence[float]) -> tuple[int, ...]:
    if isinstance(box, str) or len(box) != len(EDGES):
        raise ValueError(f"box is {box!r:.80}; expected four numbers: left, top, right, bottom in pixels")
    for name, edge in zip(EDGES, box, strict=True):
        if not (math.isfinite(edge) and edge >= 0):
            raise ValueError(f"{name} of the box is {edge:g}; expected pixels of the photo, 0 or more")
    left, top, right, bottom = whole = tuple(map(round, box))
    if left >= right or top >= bottom:
        raise ValueError(f"box is {box_text(box)}; expected left below right and top below bottom, by a pixel or more")
    return whole
