"""Draws small JPEG pictures for a page: a photo as the model sees it, and the photo under its attention."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionsdk.evaluation import peak
from fashionsdk.photos import Placement, Size

SIDE = 168  # pixels; shown at half of it or more
THUMBNAIL = 64  # pixels; shown at about 20, and larger under the pointer
QUALITY = 82
HEAT = np.array([(24, 16, 72), (110, 28, 128), (214, 58, 92), (250, 146, 44), (255, 236, 130)], np.float64)
LOWEST_OPACITY, HIGHEST_OPACITY = 0.35, 0.85
RING_RADIUS, RING_WIDTH = 0.05, 0.02  # of the ring on a peak, in longer sides of the picture


def picture(pixels: NDArray[np.uint8], side: int = SIDE) -> str:
    """Return a photo ``(h, w, 3)`` as a JPEG of at most ``side`` pixels a side in a ``data:`` address."""
    buffer = io.BytesIO()
    small(pixels, side).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def small(pixels: NDArray[np.uint8], side: int = SIDE) -> Image.Image:
    """Return a photo ``(h, w, 3)`` as an image of at most ``side`` pixels a side."""
    image = Image.fromarray(pixels)
    if max(image.size) > side:
        width, height = (max(round(length * side / max(image.size)), 1) for length in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return image


def thumbnail(pixels: NDArray[np.uint8]) -> str:
    """Return a photo ``(h, w, 3)`` small enough for a point of a map."""
    return picture(pixels, THUMBNAIL)


def attention_overlay(
    pixels: NDArray[np.uint8], attention: NDArray[np.float32], placement: Placement | None = None
) -> str:
    """Return `attention_pixels` as `picture` does."""
    return picture(attention_pixels(pixels, attention, placement))


def attention_pixels(
    pixels: NDArray[np.uint8], attention: NDArray[np.float32], placement: Placement | None = None
) -> NDArray[np.uint8]:
    """Return a photo under the heat of its attention, without padding, at the photo's own proportions.

    Heat is scaled so that the peak is brightest. A ring marks the peak, between cells, unless all is zero. A peak in
    the padding, and its ring, lie outside the picture.

    Args:
        pixels: the model's input, ``(H, W, 3)``.
        attention: ``(h, w)``.
        placement: where the photo lies in the input; None if there is no padding.
    """
    heat = spread_heat(attention, (pixels.shape[1], pixels.shape[0]))
    place = peak(attention) * pixels.shape[1::-1] if attention.max() > 0 else None
    drawn = under_heat(pixels, heat, place)
    return drawn if placement is None else placement.cut(drawn)


def spread_heat(attention: NDArray[np.float32], size: Size) -> NDArray[np.float64]:
    """Return attention ``(h, w)`` as heat 0 to 1, ``(H, W)``, smooth, of which the peak is 1 unless all is zero."""
    scaled = attention.astype(np.float64) / max(float(attention.max()), float(np.finfo(np.float32).tiny))
    image = Image.fromarray(scaled.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(image, np.float64), 0, 1)  # bicubic overshoots


def under_heat(
    pixels: NDArray[np.uint8], heat: NDArray[np.float64], place: NDArray[np.float64] | None
) -> NDArray[np.uint8]:
    """Return a photo ``(H, W, 3)`` in grey under heat ``(H, W)``, with a ring around ``place``, x and y in pixels."""
    grey = pixels.astype(np.float64).mean(axis=2, keepdims=True)
    opacity = LOWEST_OPACITY + (HIGHEST_OPACITY - LOWEST_OPACITY) * heat[..., None]
    mixed = (1 - opacity) * grey + opacity * _colour(heat)
    if place is not None:
        mixed = _with_ring(mixed, place)
    drawn: NDArray[np.uint8] = np.rint(np.clip(mixed, 0, 255)).astype(np.uint8)
    return drawn


def _with_ring(picture: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw a smooth white ring with a dark rim around ``place``, x and y in pixels, on a picture ``(h, w, 3)``."""
    side = max(picture.shape[:2])
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    off = np.abs(np.hypot(x - place[0], y - place[1]) - RING_RADIUS * side)  # pixels from the ring's middle line
    for width, shade in ((1.7 * RING_WIDTH, 0.0), (RING_WIDTH, 255.0)):
        cover = np.clip(width * side / 2 - off + 0.5, 0, 1)[..., None]  # (h, w, 1)
        picture = (1 - cover) * picture + cover * shade
    return picture


def _colour(heat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map ``(h, w)`` in 0 to 1 to colours ``(h, w, 3)``, linear between the steps of ``HEAT``."""
    steps = np.linspace(0, 1, len(HEAT))
    return np.stack([np.interp(heat, steps, channel) for channel in HEAT.T], axis=-1)
