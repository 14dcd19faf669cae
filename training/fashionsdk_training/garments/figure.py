"""The person or mannequin under the clothes."""

import numpy as np

from fashionsdk_training.garments.body import CROTCH, HIP, SOLE
from fashionsdk_training.garments.drawing import Canvas, both, curve, ellipse, mirror, path, tube
from fashionsdk_training.garments.look import Look
from fashionsdk_training.garments.scene import Scene

_NECK = ((0.8, 0.18), (0.24, -0.06), (0.2, -0.7))
_TORSO = both(path((0.78, CROTCH), (0.74, 2.1), (0.55, 1.5), (0.72, 0.95), (0.93, 0.32), *_NECK))
_FRINGE = both(curve((0.41, -0.9), (0.3, -1.25), (0.0, -1.35), (0.0, -1.66)))
_SHOE = path((-0.13, -0.3), (0.13, -0.3), (0.27, 0.0), (-0.15, 0.0))
_EYES, _LIPS = (40, 32, 32), (168, 84, 84)


def draw_back_hair(canvas: Canvas, look: Look) -> None:
    """Draw the hair that hangs behind the neck."""
    if not look.bald:
        end = -0.6 + 0.9 * look.hair_length
        canvas.fill(both(curve((0.4, end), (0.5, -0.8), (0.44, -1.4), (0.0, -1.7))), look.hair, outlined=False)


def draw_legs(canvas: Canvas, scene: Scene) -> None:
    """Draw legs and shoes."""
    height = np.linspace(HIP, 5.3, 10)
    radius = np.interp(height, (HIP, 3.8, 4.4, 5.3), (0.36, 0.22, 0.22, 0.13))
    for limb in scene.legs:
        canvas.fill(tube(limb.at(height), radius), scene.look.legs)
        x, y = limb.point(SOLE)
        canvas.fill((_SHOE if x > 0 else mirror(_SHOE)) + (x, y), scene.look.shoes)


def draw_torso(canvas: Canvas, look: Look) -> None:
    """Draw neck, shoulders and trunk."""
    canvas.fill(_TORSO, look.skin)


def draw_head(canvas: Canvas, look: Look) -> None:
    """Draw the head; a bald one is a mannequin's and has no face."""
    canvas.fill(ellipse((0.0, -1.08), (0.37, 0.5)), look.skin)
    if look.bald:
        return
    canvas.fill(_FRINGE, look.hair, outlined=False)
    canvas.pair(ellipse((0.14, -1.05), (0.05, 0.03), steps=8), _EYES, outlined=False)
    canvas.stroke(path((-0.1, -0.77), (0.0, -0.75), (0.1, -0.77)), _LIPS, 0.04)


def draw_arms(canvas: Canvas, scene: Scene) -> None:
    """Draw bare arms with hands."""
    t = np.linspace(0.0, 1.0, 12)
    radius = np.interp(t, (0.0, 0.5, 1.0), (0.2, 0.15, 0.11))
    hand, palm = np.array([0.97, 1.03, 1.12, 1.2, 1.24]), np.array([0.1, 0.15, 0.16, 0.12, 0.04])
    for limb in scene.arms:
        canvas.fill(tube(limb.at(t), radius), scene.look.skin)
        canvas.fill(tube(limb.at(hand), palm), scene.look.skin)
        canvas.fill(ellipse(limb.point(0.0), (0.19, 0.2)), scene.look.skin, outlined=False)
