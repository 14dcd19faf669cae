"""Draws small JPEG pictures for a page: a photo as the model sees it, and the photo under its attention."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionsdk.evaluation import peak

SIDE = 168  # pixels; shown at half of it or more
THUMBNAIL = 64  # pixels; shown at about 20, and larger under the pointer
QUALITY = 82
HEAT = np.array([(24, 16, 72), (110, 28, 128), (214, 58, 92), (250, 146, 44), (255, 236, 130)], np.float64)
LOWEST_OPACITY, HIGHEST_OPACITY = 0.35, 0.85
RING_RADIUS, RING_WIDTH = 0.05, 0.02  # of the ring on a peak, in sides of the picture


def picture(pixels: NDArray[np.uint8], side: int = SIDE) -> str:
    """Return a photo ``(S, S, 3)`` as a JPEG of at most ``side`` pixels in a ``data:`` address."""
    image = Image.fromarray(pixels)
    if max(image.size) > side:
        image = image.resize((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def thumbnail(pixels: NDArray[np.uint8]) -> str:
    """Return a photo ``(S, S, 3)`` small enough for a point of a map."""
    return picture(pixels, THUMBNAIL)


def attention_overlay(pixels: NDArray[np.uint8], attention: NDArray[np.float32]) -> str:
    """Return a photo ``(S, S, 3)`` under the heat of its attention ``(h, w)``.

    Heat is scaled so that the peak is brightest. A ring marks the centre of the peak's cell, unless all is zero.
    """
    side = len(pixels)
    highest = float(attention.max())
    scaled = attention.astype(np.float64) / max(highest, float(np.finfo(np.float32).tiny))
    image = Image.fromarray(scaled.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
    heat = np.clip(np.asarray(image, np.float64), 0, 1)[..., None]  # (S, S, 1); bicubic overshoots
    grey = pixels.astype(np.float64).mean(axis=2, keepdims=True)
    opacity = LOWEST_OPACITY + (HIGHEST_OPACITY - LOWEST_OPACITY) * heat
    mixed = (1 - opacity) * grey + opacity * _colour(heat[..., 0])
    if highest > 0:
        mixed = _with_ring(mixed, peak(attention))
    return picture(np.rint(np.clip(mixed, 0, 255)).astype(np.uint8))


def _with_ring(picture: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Draw a smooth white ring with a dark rim around ``place``, x and y in 0 to 1, on a picture ``(S, S, 3)``."""
    side = len(picture)
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    off = np.abs(np.hypot(x - place[0], y - place[1]) - RING_RADIUS) * side  # pixels from the ring's middle line
    for width, shade in ((1.7 * RING_WIDTH, 0.0), (RING_WIDTH, 255.0)):
        cover = np.clip(width * side / 2 - off + 0.5, 0, 1)[..., None]  # (S, S, 1)
        picture = (1 - cover) * picture + cover * shade
    return picture


def _colour(heat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map ``(S, S)`` in 0 to 1 to colours ``(S, S, 3)``, linear between the steps of ``HEAT``."""
    steps = np.linspace(0, 1, len(HEAT))
    return np.stack([np.interp(heat, steps, channel) for channel in HEAT.T], axis=-1)
