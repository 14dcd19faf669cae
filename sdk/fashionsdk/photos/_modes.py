"""From the modes of Pillow and numpy to 8-bit RGB."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def to_rgb(image: Image.Image) -> Image.Image:
    """Return an image as RGB: transparency is composited on white, grey of more than 8 bits is scaled to 0 to 255.

    Raises:
        ValueError: grey values are negative, or beyond every usual range.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _scale(image)
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured)
    return image.convert("RGB")


def _scale(image: Image.Image) -> Image.Image:
    """Scale grey of more than 8 bits to 0 to 255.

    I;16 has a range of its own. In I (32-bit) and F the range is the smallest usual one that holds every value: 1
    (F only), 255 or 65535.
    """
    values = np.asarray(image).astype(np.float64)
    ranges = (65535,) if image.mode.startswith("I;16") else (255, 65535) if image.mode == "I" else (1, 255, 65535)
    lowest, highest = values.min(), values.max()
    full = next((full for full in ranges if lowest >= 0 and highest <= full), None)
    if full is None:
        raise ValueError(f"has grey values from {lowest:g} to {highest:g}; expected 0 to one of {ranges}")
    return Image.fromarray(np.rint(values * (255 / full)).astype(np.uint8)).convert("RGB")


def from_array(array: NDArray[Any]) -> Image.Image:
    """Return an image of a uint8 array ``(H, W, 3)``, ``(H, W, 4)`` or ``(H, W)``.

    Raises:
        TypeError: the array is not uint8.
        ValueError: the array has another shape, or is empty.
    """
    if array.dtype != np.uint8:
        raise TypeError(f"array is {array.dtype}; expected uint8, 0 to 255")
    grey, coloured = array.ndim == 2, array.ndim == 3 and array.shape[2] in (3, 4)
    if not (grey or coloured) or array.size == 0:
        raise ValueError(f"array has shape {array.shape}; expected (H, W, 3), (H, W, 4) or (H, W), not empty")
    return Image.fromarray(array)
