"""Disturbances of the picture: clutter, occluders, a poor camera."""

import io

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageFilter

from fashionsdk_training.garments.body import Limb
from fashionsdk_training.garments.drawing import Canvas, Point, ellipse, line, path
from fashionsdk_training.garments.look import sample_colour
from fashionsdk_training.garments.scene import Scene

_BAG = path((-0.3, 0.35), (0.3, 0.35), (0.36, 0.9), (-0.36, 0.9))
_HANDLE = path((-0.2, 0.4), (0.0, 0.0), (0.2, 0.4))
_LEAST_BLUR = 0.25  # pixels; less changes nothing


def draw_clutter(canvas: Canvas, rng: Generator) -> None:
    """Draw up to six large shapes behind the figure."""
    for _ in range(rng.integers(0, 7)):
        centre = (float(rng.uniform(-2.5, 2.5)), float(rng.uniform(-1, 5.5)))
        _patch(canvas, rng, centre, rng.uniform(0.3, 1.4))


def draw_occluders(canvas: Canvas, scene: Scene, rng: Generator) -> None:
    """Draw at times a bag in one hand, and up to two patches, too small to hide a value."""
    if rng.random() < 0.25:
        _bag(canvas, scene.arms[rng.integers(2)], rng)
    for _ in range(rng.choice([0, 0, 1, 2])):
        centre = (float(rng.uniform(-1.5, 1.5)), float(rng.uniform(-0.5, 5.5)))
        _patch(canvas, rng, centre, rng.uniform(0.1, 0.2))


def photograph(image: Image.Image, rng: Generator) -> Image.Image:
    """Blur, relight and compress the picture a little, and add sensor noise."""
    blur, gain, noise = rng.uniform(0, 0.004) * image.width, rng.uniform(0.8, 1.2), rng.uniform(0, 6)
    tint = rng.uniform(-12, 12, size=3).astype(np.float32)
    quality, compress = int(rng.integers(50, 95)), rng.random() < 0.5
    if blur > _LEAST_BLUR:
        image = image.filter(ImageFilter.GaussianBlur(float(blur)))
    grain = rng.standard_normal((image.height, image.width, 1), dtype=np.float32) * np.float32(noise)
    pixels = np.asarray(image) * np.float32(gain) + tint + grain
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return _compressed(image, quality) if compress else image


def _compressed(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as decoded:
        return decoded.convert("RGB")


def _bag(canvas: Canvas, limb: Limb, rng: Generator) -> None:
    hand, colour = limb.point(1.1), sample_colour(rng)
    canvas.stroke(_HANDLE + hand, colour, 0.06)
    canvas.fill(_BAG + hand, colour)


def _patch(canvas: Canvas, rng: Generator, centre: Point, size: float) -> None:
    """Draw an ellipse or a quadrangle, turned at random; ``size`` is about its radius."""
    width, height = (float(size * rng.uniform(0.6, 1.2)) for _ in range(2))
    shape = ellipse((0.0, 0.0), (width, height), steps=24 if rng.random() < 0.4 else 4)
    turn, (x, y) = rng.uniform(0, np.pi), shape.T
    turned = line(x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn))
    canvas.fill(turned + centre, sample_colour(rng), outlined=False)
