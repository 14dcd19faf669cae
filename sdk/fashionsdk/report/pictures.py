"""Small JPEG pictures for the page: a photo as the model sees it, and where the model looked."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 168  # pixels; shown at up to half of it on a sharp screen
QUALITY = 82
HEAT = np.array([(24, 16, 72), (110, 28, 128), (214, 58, 92), (250, 146, 44), (255, 236, 130)], np.float64)
LOWEST_OPACITY, HIGHEST_OPACITY = 0.35, 0.85


def picture(pixels: NDArray[np.uint8]) -> str:
    """Return a photo ``(S, S, 3)`` as a small JPEG in a ``data:`` address."""
    image = Image.fromarray(pixels)
    if max(image.size) > SIDE:
        image = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def attention_picture(pixels: NDArray[np.uint8], attention: NDArray[np.float32]) -> str:
    """Return a photo ``(S, S, 3)`` under the heat of its attention ``(h, w)``, scaled so that the peak is brightest."""
    side = len(pixels)
    peak = attention.astype(np.float64) / max(float(attention.max()), float(np.finfo(np.float32).tiny))
    image = Image.fromarray(peak.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
    heat = np.clip(np.asarray(image, np.float64), 0, 1)[..., None]  # (S, S, 1); bicubic overshoots
    grey = pixels.astype(np.float64).mean(axis=2, keepdims=True)
    opacity = LOWEST_OPACITY + (HIGHEST_OPACITY - LOWEST_OPACITY) * heat
    mixed = (1 - opacity) * grey + opacity * _colour(heat[..., 0])
    return picture(np.rint(np.clip(mixed, 0, 255)).astype(np.uint8))


def _colour(heat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map ``(S, S)`` in 0 to 1 to colours ``(S, S, 3)``, straight between the steps of ``HEAT``."""
    steps = np.linspace(0, 1, len(HEAT))
    return np.stack([np.interp(heat, steps, channel) for channel in HEAT.T], axis=-1)
