"""All random choices of one picture, made before it is drawn.

Attribute values come from one random stream and everything else from another, so that nothing else in the picture
reveals a value: not colour, pose, framing or occlusion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from fashionsdk_training.garments.body import Camera, Frame, Limb, arm, leg
from fashionsdk_training.garments.look import Look, sample_look
from fashionsdk_training.garments.vocabulary import ATTRIBUTES, BARE_ARMS

_VALUE_STREAM, _NUISANCE_STREAM = 0, 1


@dataclass(frozen=True)
class Outfit:
    """The garments, which determine the attributes; ``close`` frames the upper half only."""

    neck: str
    bottom: str
    coat: bool
    close: bool

    def attributes(self) -> tuple[str, ...]:
        """Return the attributes that this picture can show."""
        upper = ("lapel_design",) if self.coat else (self.neck,)
        lower = () if self.close else (self.bottom, "coat_length") if self.coat else (self.bottom,)
        return "sleeve_length", *upper, *lower


def _outfits() -> tuple[Outfit, ...]:
    """Return one block of outfits, weighted so that attributes with many values occur more often."""
    weights = {"neckline_design": 3, "collar_design": 2, "neck_design": 2, "coat": 4}
    full = [
        Outfit(neck="neckline_design" if worn == "coat" else worn, bottom=bottom, coat=worn == "coat", close=False)
        for worn, times in weights.items()
        for bottom in ("skirt_length", "pant_length")
        for _ in range(times)
    ]
    return tuple(full + [replace(outfit, close=True) for outfit in full[::3]])


_OUTFITS = _outfits()


@dataclass(frozen=True)
class Scene:
    """One picture's description.

    ``values`` has a value of every attribute, shown or not; ``slack`` places each length within its value's
    range, -1 to 1. ``arms`` and ``legs`` hold the left one first.
    """

    values: Mapping[str, str]
    slack: Mapping[str, float]
    outfit: Outfit
    camera: Frame
    arms: tuple[Limb, Limb]
    legs: tuple[Limb, Limb]
    look: Look

    @property
    def bare_arms(self) -> bool:
        """Whether the neckline excludes sleeves."""
        outfit = self.outfit
        if outfit.coat or outfit.neck != "neckline_design":
            return False
        return self.values["neckline_design"] in BARE_ARMS

    @property
    def labelled(self) -> dict[str, str]:
        """The visible values, by attribute."""
        shown = [name for name in self.outfit.attributes() if name != "sleeve_length" or not self.bare_arms]
        return {name: self.values[name] for name in shown}


def sample_scene(index: int, seed: int) -> Scene:
    """Return the scene of picture ``index``."""
    block, slot = divmod(index, len(_OUTFITS))
    rng = np.random.default_rng([seed, _NUISANCE_STREAM, index])
    outfit = _OUTFITS[slot]
    return Scene(
        values={each.name: _value(seed, slot, block, number) for number, each in enumerate(ATTRIBUTES)},
        slack={each.name: float(rng.uniform(-1, 1)) for each in ATTRIBUTES},
        outfit=outfit,
        camera=_camera(rng, close=outfit.close),
        arms=(_arm(rng, -1), _arm(rng, 1)),
        legs=(_leg(rng, -1), _leg(rng, 1)),
        look=sample_look(rng),
    )


def _value(seed: int, slot: int, block: int, number: int) -> str:
    """Return a value of attribute ``number``: each outfit uses all values before one repeats."""
    values = ATTRIBUTES[number].values
    deal, position = divmod(block, len(values))
    rng = np.random.default_rng([seed, _VALUE_STREAM, slot, number, deal])
    return values[int(rng.permutation(len(values))[position])]


def _camera(rng: Generator, *, close: bool) -> Camera:
    top = rng.uniform(-0.95, -0.7)
    bottom = rng.uniform(3.05, 3.5) if close else rng.uniform(5.82, 6.0)
    return Camera(
        top=float(top),
        unit=float(1 / (bottom - top)),
        stretch=float(rng.uniform(0.95, 1.05) if close else rng.uniform(1.15, 1.35)),
        shift=float(rng.uniform(-0.05, 0.05)),
        lean=float(rng.uniform(-0.06, 0.06)),
        flip=bool(rng.random() < 0.5),
        legs=float(rng.uniform(0.95, 1.03)),
        shoulders=float(rng.uniform(0.92, 1.08)),
        waist=float(rng.uniform(0.85, 1.15)),
        hips=float(rng.uniform(0.9, 1.15)),
    )


def _arm(rng: Generator, side: int) -> Limb:
    upper = rng.uniform(8, 26)
    fore = upper + rng.uniform(-60, 4)
    return arm(side, float(np.radians(upper)), float(np.radians(fore)))


def _leg(rng: Generator, side: int) -> Limb:
    return leg(side, float(rng.uniform(-0.03, 0.1)), float(rng.uniform(-0.08, 0.06)))
