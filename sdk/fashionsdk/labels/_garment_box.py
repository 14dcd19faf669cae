"""Reads the cell of a label table's column ``box``: one garment of a photo that shows several."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fashionsdk.photos import PixelBox

EXPECTED = "expected four numbers with spaces between: left top right bottom in pixels of the upright photo"


def box_of(text: str) -> "PixelBox":
    """Return the box that a cell names, in whole pixels.

    Raises:
        ValueError: it is no box.
    """
    try:
        numbers = [float(word) for word in text.split()]
    except ValueError:
        raise ValueError(f"box is {text!r:.80}; {EXPECTED}") from None
    if len(numbers) != 4:
        raise ValueError(f"box is {text!r:.80}, {len(numbers)} numbers; {EXPECTED}")
    from fashionsdk.photos import Cutout  # slow, and few tables have boxes

    left, top, right, bottom = numbers
    return Cutout("", (left, top, right, bottom)).box


def box_cell(box: "PixelBox") -> str:
    """Return the cell that names a box."""
    return " ".join(f"{edge:g}" for edge in box)
