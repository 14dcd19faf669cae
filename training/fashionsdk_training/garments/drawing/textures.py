"""Cloth and wallpaper: a pattern of two colours, the same at any resolution."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

Colour = tuple[int, int, int]
PATTERNS = ("stripes", "checks", "dots", "print", "heather", "gradient", "plain")
_GRID = 160
_V, _U = np.meshgrid(*[np.linspace(-0.5, 0.5, _GRID, dtype=np.float32)] * 2, indexing="ij")

_Field = NDArray[np.float32]


@dataclass(frozen=True)
class Texture:
    """A pattern: ``frequency`` in repeats a frame, ``angle`` in radians, ``seed`` for its irregular parts."""

    pattern: str
    first: Colour
    second: Colour
    frequency: float
    angle: float
    seed: int


def sample_texture(rng: Generator, first: Colour, second: Colour, *, plain: float) -> Texture:
    """Draw a pattern in the given colours, or with probability ``plain`` the first colour alone."""
    angles = (0.0, np.pi / 2, np.pi / 4, rng.uniform(0, np.pi))
    return Texture(
        pattern="plain" if rng.random() < plain else PATTERNS[rng.integers(len(PATTERNS))],
        first=first,
        second=second,
        frequency=float(rng.uniform(8, 20)),
        angle=float(angles[rng.integers(len(angles))]),
        seed=int(rng.integers(2**31)),
    )


def texture_image(texture: Texture, size: int) -> Image.Image:
    """Return the texture over the whole frame, RGB ``size`` x ``size``."""
    rng = np.random.default_rng(texture.seed)
    mix = _pattern(texture, rng)
    light = 1 + 0.08 * _folds(rng)
    first, second = (np.array(colour, dtype=np.float32) for colour in (texture.first, texture.second))
    pixels = (first + mix[..., None] * (second - first)) * light[..., None]  # (160, 160, 3)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return image.resize((size, size), Image.Resampling.BILINEAR)


def _pattern(texture: Texture, rng: Generator) -> _Field:
    """Return how much of the second colour shows, ``(160, 160)``, 0 to 1."""
    cos, sin = np.float32(np.cos(texture.angle)), np.float32(np.sin(texture.angle))
    turn = np.float32(2 * np.pi * texture.frequency)
    u, v = cos * _U + sin * _V, cos * _V - sin * _U
    match texture.pattern:
        case "stripes":
            return _edge(np.sin(turn * u) - np.float32(rng.uniform(-0.3, 0.7)))
        case "checks":
            return (_edge(np.sin(turn * u)) + _edge(np.sin(turn * v))) * np.float32(0.5)
        case "dots":
            return _edge(np.sin(turn * u) * np.sin(turn * v) - np.float32(0.45))
        case "print":
            return _edge(_blobs(rng) - np.float32(0.6))
        case "heather":
            return rng.random((_GRID, _GRID), dtype=np.float32) * np.float32(0.5)
        case "gradient":
            return np.clip(u + np.float32(0.5), 0, 1)
    return np.zeros_like(u)


def _edge(level: _Field) -> _Field:
    """Return 0 where ``level`` is negative, 1 where it is positive, with a soft step."""
    step: _Field = np.clip(level * 3 + np.float32(0.5), 0, 1)
    return step


def _blobs(rng: Generator) -> _Field:
    small = Image.fromarray(rng.random((26, 26), dtype=np.float32))
    return np.asarray(small.resize((_GRID, _GRID), Image.Resampling.BICUBIC))


def _folds(rng: Generator) -> _Field:
    """Return soft, mostly upright folds, -1 to 1."""
    across, down, phase = (np.float32(rng.uniform(-most, most)) for most in (22, 6, 3.2))
    folds: _Field = np.sin(across * _U + down * _V + phase)
    return folds
