"""From the modes of Pillow and numpy to 8-bit RGB."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionsdk.photos._transparency import Box, Key

# Pixels that are converted at a time where a conversion needs more bytes a pixel than the photo and its RGB have.
STRIP = 2**20


def to_rgb(image: Image.Image, key: Key | None = None) -> Image.Image:
    """Return an image as RGB: transparency is composited on white, grey of more than 8 bits is scaled to 0 to 255.

    Args:
        image: an image of any mode.
        key: the value of its pixels that is transparent.

    Raises:
        ValueError: grey values are negative, or beyond every usual range.
    """
    if image.mode == "RGB" and key is None:
        return image
    convert = converter(image, key)
    if image.width * image.height <= STRIP and key == image.info.get("transparency"):
        return convert(image)
    rgb = Image.new("RGB", image.size)
    for strip in strips(image.size):
        rgb.paste(convert(image.crop(strip)), strip)
    return rgb


def converter(image: Image.Image, key: Key | None = None) -> Callable[[Image.Image], Image.Image]:
    """Return what makes RGB of parts of an image as `to_rgb` does of the whole; it looks at one pixel at a time.

    Raises:
        ValueError: as `to_rgb`.
    """
    if image.mode == "RGB" and key is None:
        return lambda part: part
    if image.mode.startswith("I") or image.mode == "F":
        return _scaling(image, key)
    if image.mode == "P" and image.has_transparency_data:
        return partial(_coloured, palette=_palette_on_white(image, key))
    if image.has_transparency_data:
        return partial(_on_white, key=key)
    return lambda part: part.convert("RGB")


def on_canvas(rgb: Image.Image, box: Box) -> Image.Image:
    """Return the part of an RGB image that lies in ``box``, on white."""
    canvas = Image.new("RGB", rgb.size, "white")
    canvas.paste(rgb.crop(box), box)
    return canvas


def strips(size: tuple[int, int]) -> Iterator[Box]:
    """Yield left, top, right and bottom of strips, together the whole of an image."""
    width, height = size
    across = min(width, STRIP)
    rows = max(STRIP // across, 1)
    for top in range(0, height, rows):
        for left in range(0, width, across):
            yield left, top, min(left + across, width), min(top + rows, height)


def _on_white(image: Image.Image, key: Key | None) -> Image.Image:
    if key is not None and key != image.info.get("transparency"):
        image = image.copy()
        image.info["transparency"] = key
    if image.mode == "La":  # grey times alpha: Pillow knows the way to LA only
        image = image.convert("LA")
    coloured = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured).convert("RGB")


def _palette_on_white(image: Image.Image, key: Key | None) -> bytes:
    """Return the colours of a palette, composited on white: 256 times red, green and blue."""
    colours = image.crop((0, 0, 256, 1))  # of any pixels, it has the palette
    colours.putdata(range(256))
    return _on_white(colours, key).tobytes()


def _coloured(part: Image.Image, palette: bytes) -> Image.Image:
    part = part.copy()
    part.info.pop("transparency", None)
    part.putpalette(palette)
    return part.convert("RGB")


def _scaling(image: Image.Image, key: Key | None) -> Callable[[Image.Image], Image.Image]:
    """Return what scales parts of a grey image of more than 8 bits to 0 to 255.

    I;16 has a range of its own. In I (32-bit) and F the range is the smallest usual one that holds every value: 1
    (F only), 255 or 65535. The value ``key`` becomes white.
    """
    levels = _levels_of_16_bits() if image.mode.startswith("I;16") else None
    full = 65535 if levels is not None else _range(image)

    def scale(part: Image.Image) -> Image.Image:
        values = np.asarray(part)
        scaled = _nearest(values, full) if levels is None else levels[values]
        if isinstance(key, int):
            scaled[values == key] = 255
        return Image.fromarray(scaled).convert("RGB")

    return scale


def _nearest(values: NDArray[Any], full: int) -> NDArray[np.uint8]:
    return np.rint(values.astype(np.float64) * (255 / full)).astype(np.uint8)


@cache
def _levels_of_16_bits() -> NDArray[np.uint8]:
    return _nearest(np.arange(65536), 65535)


def _range(image: Image.Image) -> int:
    ranges = (255, 65535) if image.mode == "I" else (1, 255, 65535)
    lowest, highest = _extremes(image)
    full = next((full for full in ranges if lowest >= 0 and highest <= full), None)
    if full is None:
        raise ValueError(f"has grey values from {lowest:g} to {highest:g}; expected 0 to one of {ranges}")
    return full


def _extremes(image: Image.Image) -> tuple[float, float]:
    """Return the least and the greatest value; NaN for both if a value is NaN."""
    lowest, highest = [], []
    for strip in strips(image.size):
        values = np.asarray(image.crop(strip))
        lowest.append(values.min())
        highest.append(values.max())
    return float(np.min(lowest)), float(np.max(highest))


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
