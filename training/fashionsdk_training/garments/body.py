"""The figure's geometry in body units: one unit is a head's height, the origin is the pit of the neck.

The camera maps body units to fractions of the frame. Proportions, lean and mirroring are part of that map, so each
garment is defined once, for one figure.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fashionsdk_training.garments.drawing import Path, join, line, mirror

WAIST, HIP, CROTCH, KNEE, SOLE = 1.5, 2.2, 2.4, 3.95, 5.6
ARM_REACH = 1.5  # arm lines end here, for sleeves longer than the arm
_UPPER_ARM, _FOREARM = 1.25, 1.1
_SHOULDER = (0.8, 0.36)
_HIP_JOINT = 0.36

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Camera:
    """Map body units to the frame, whose corners are (0, 0) and (1, 1).

    ``top`` is the body height at the frame's upper edge and ``unit`` the frame height of one body unit;
    ``stretch``, ``shoulders``, ``waist``, ``hips`` and ``legs`` are factors, 1 for the standard figure.
    """

    top: float
    unit: float
    stretch: float
    shift: float
    lean: float
    flip: bool
    legs: float
    shoulders: float
    waist: float
    hips: float

    @property
    def window(self) -> Box:
        """The whole frame."""
        return 0.0, 0.0, 1.0, 1.0

    def project(self, points: Path) -> Path:
        """Return frame coordinates of body points ``(n, 2)``."""
        x, y = points[:, 0], points[:, 1]
        girth = np.interp(y, (0.0, 0.3, WAIST, HIP, SOLE), (1, self.shoulders, self.waist, self.hips, 1))
        y = y + np.maximum(y - WAIST, 0) * (self.legs - 1)
        x = x * girth * (-self.stretch if self.flip else self.stretch) + self.lean * (y - 2.5)
        return line(0.5 + self.shift + x * self.unit, (y - self.top) * self.unit)


class Frame(Protocol):
    """A camera: it maps body units to a square, of which the picture shows a window."""

    @property
    def unit(self) -> float:
        """The square's height of one body unit."""

    @property
    def window(self) -> Box:
        """What the picture shows of the square, whose corners are (0, 0) and (1, 1)."""

    def project(self, points: Path) -> Path:
        """Return the square's coordinates of body points ``(n, 2)``."""


def bounding_box(frame: Frame, points: Path) -> Box:
    """Return the bounding box of body points within the picture: left, top, right, bottom from 0 to 1."""
    left, top, right, bottom = frame.window
    shown = np.clip((frame.project(points) - (left, top)) / (right - left, bottom - top), 0.0, 1.0)
    (x, y), (x_end, y_end) = shown.min(axis=0).tolist(), shown.max(axis=0).tolist()
    return x, y, x_end, y_end


@dataclass(frozen=True)
class Limb:
    """A bent centre line ``(n, 2)``, with the ``distance`` ``(n,)`` of each of its points from the root."""

    distance: Path
    line: Path

    def at(self, distance: Path) -> Path:
        """Return the points ``(m, 2)`` at the given distances ``(m,)``."""
        return line(*(np.interp(distance, self.distance, axis) for axis in self.line.T))

    def point(self, distance: float) -> tuple[float, float]:
        """Return the point at one distance."""
        ((x, y),) = self.at(np.array([distance])).tolist()
        return x, y


def arm(side: int, upper: float, fore: float) -> Limb:
    """Return the left (``side`` -1) or right (1) arm; distance 0 is the shoulder, 1 the wrist.

    Angles are radians from hanging straight, outwards positive.
    """
    distance = np.linspace(0.0, ARM_REACH, 30)
    length = _UPPER_ARM + _FOREARM
    above = length * np.minimum(distance, _UPPER_ARM / length)
    below = length * distance - above
    x = _SHOULDER[0] + above * np.sin(upper) + below * np.sin(fore)
    y = _SHOULDER[1] + above * np.cos(upper) + below * np.cos(fore)
    return Limb(distance, _on_side(side, _rounded(line(x, y))))


def leg(side: int, thigh: float, shin: float) -> Limb:
    """Return the left (``side`` -1) or right (1) leg, whose distances are body heights, from the hip down.

    ``thigh`` and ``shin`` are slopes, outwards positive.
    """
    height = np.linspace(HIP, SOLE, 30)
    x = _HIP_JOINT + thigh * (np.minimum(height, KNEE) - HIP) + shin * np.maximum(height - KNEE, 0)
    return Limb(height, _on_side(side, _rounded(line(x, height))))


def _on_side(side: int, right: Path) -> Path:
    return right if side > 0 else mirror(right)


def _rounded(bent: Path) -> Path:
    """Return the line with its joint smoothed."""
    inner = (bent[:-4] + bent[1:-3] + bent[2:-2] + bent[3:-1] + bent[4:]) / 5
    return join(bent[:2], inner, bent[-2:])
