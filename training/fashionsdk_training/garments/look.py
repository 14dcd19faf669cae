"""Colours, cloths and cuts: the appearance that is independent of the attributes' values."""

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from fashionsdk_training.garments.drawing import Colour, Texture, sample_texture

_SKINS: tuple[Colour, ...] = (
    (250, 222, 202), (236, 196, 166), (214, 164, 128), (178, 124, 88), (132, 86, 60), (88, 58, 44),
    (226, 224, 220), (160, 160, 162), (72, 74, 78),   # mannequins
)  # fmt: skip
_HAIRS: tuple[Colour, ...] = (
    (28, 24, 24), (58, 40, 30), (104, 66, 40), (150, 84, 44), (206, 166, 104), (236, 214, 164), (176, 174, 172),
)  # fmt: skip
_CONTRAST = 95.0  # Euclidean distance of two RGB colours that are clearly different
_TRIES = 12


@dataclass(frozen=True)
class Look:
    """Textures and colours of one picture's parts, and cuts as fractions from 0, the least, to 1."""

    skin: Colour
    legs: Colour
    hair: Colour
    shoes: Colour
    trim: Colour
    background: Texture
    top: Texture
    bottom: Texture
    coat: Texture
    bald: bool
    hair_length: float
    fullness: float
    sleeve_width: float
    untucked: float
    opening: float
    seed: int


def sample_look(rng: Generator) -> Look:
    """Sample a look in which neighbouring parts have different colours."""
    skin = _SKINS[rng.integers(len(_SKINS))]
    legs = skin if rng.random() < 0.6 else _colour(rng)
    top = _colour(rng, skin, legs)
    bottom = top if rng.random() < 0.3 else _colour(rng, skin, legs, top)
    coat = _colour(rng, skin, legs, top, bottom)
    return Look(
        skin=skin,
        legs=legs,
        hair=_HAIRS[rng.integers(len(_HAIRS))],
        shoes=_colour(rng, legs),
        trim=_colour(rng, skin, top, coat),
        background=_texture(rng, _colour(rng, skin, top, bottom, coat), plain=0.4),
        top=_texture(rng, top),
        bottom=_texture(rng, bottom),
        coat=_texture(rng, coat),
        bald=bool(rng.random() < 0.25),
        hair_length=float(rng.random()),
        fullness=float(rng.random()),
        sleeve_width=float(rng.random()),
        untucked=float(rng.choice([0.0, rng.uniform(0.3, 1)])),
        opening=float(rng.random()),
        seed=int(rng.integers(2**31)),
    )


def _texture(rng: Generator, base: Colour, *, plain: float = 0.15) -> Texture:
    """Sample a pattern of a colour and another that is half way to a random one."""
    other = sample_colour(rng)
    red, green, blue = (round(a + (b - a) * 0.5) for a, b in zip(base, other, strict=True))
    return sample_texture(rng, base, (red, green, blue), plain=plain)


def sample_colour(rng: Generator) -> Colour:
    """Sample a colour of any hue and moderate saturation."""
    hue, saturation, value = rng.random(), rng.uniform(0.05, 0.8), rng.uniform(0.15, 0.95)
    red, green, blue = (round(255 * channel) for channel in colorsys.hsv_to_rgb(hue, saturation, value))
    return red, green, blue


def _colour(rng: Generator, *away_from: Colour) -> Colour:
    """Sample colours; return the first that is far enough from the others, or the farthest."""
    best, best_distance = (0, 0, 0), -1.0
    for _ in range(_TRIES):
        colour = sample_colour(rng)
        distance = min((_distance(colour, other) for other in away_from), default=_CONTRAST)
        if distance > best_distance:
            best, best_distance = colour, distance
        if distance >= _CONTRAST:
            break
    return best


def _distance(first: Colour, second: Colour) -> float:
    return float(np.linalg.norm(np.subtract(first, second)))
