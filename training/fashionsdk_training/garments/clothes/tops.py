"""Tops: the bodice with its neckline, and sleeves."""

import numpy as np

from fashionsdk_training.garments.body import WAIST
from fashionsdk_training.garments.drawing import (
    Canvas,
    Cloth,
    Path,
    both,
    curve,
    ellipse,
    join,
    mirror,
    path,
    tube,
    wave,
)
from fashionsdk_training.garments.scene import Scene
from fashionsdk_training.garments.vocabulary import SLEEVE_ENDS, SLEEVE_SLACK

_ARMHOLE = curve((0.76, 0.97), (0.72, 0.5), (0.8, 0.17), steps=4)
# The right half of each bodice's upper edge, from under the arm to the axis.
_EDGES: dict[str, Path] = {
    "round": join(_ARMHOLE, curve((0.36, -0.01), (0.3, 0.27), (0.0, 0.42))),
    "v": join(_ARMHOLE, path((0.32, -0.02), (0.0, 0.72))),
    "deep_v": join(_ARMHOLE, path((0.4, 0.0), (0.0, 1.42))),
    "square": join(_ARMHOLE, path((0.52, 0.06), (0.47, 0.6), (0.0, 0.6))),
    "straight": join(_ARMHOLE, path((0.74, 0.15), (0.0, 0.15))),
    "sweetheart": join(_ARMHOLE, path((0.6, 0.1)), curve((0.52, 0.6), (0.3, 0.5), (0.1, 0.66), (0.0, 0.88))),
    "strapless": path((0.75, 0.72), (0.0, 0.7)),
    "off_shoulder": path((0.76, 0.52), (0.0, 0.62)),
    "halter": join(curve((0.74, 0.95), (0.4, 0.5), (0.24, -0.14), steps=6), path((0.1, 0.08), (0.0, 0.3))),
    "closed": join(_ARMHOLE, curve((0.25, -0.05), (0.15, 0.03), (0.0, 0.06))),
}
_BAND = join(both(curve((1.16, 0.52), (0.7, 0.52), (0.0, 0.62))), wave((-1.2, 0.92), (1.2, 0.92), count=8, depth=0.04))


def draw_bodice(canvas: Canvas, scene: Scene, cloth: Cloth, opening: str) -> None:
    """Draw the top without sleeves; ``opening`` is a ``neckline_design`` or ``closed``."""
    hem = 1.6 + 0.5 * scene.look.untucked
    side = path((0.6 + 0.36 * (hem - WAIST), hem), (0.6, WAIST))
    if opening == "one_shoulder":
        strap = join(side, _ARMHOLE, path((0.34, -0.02)))
        canvas.fill(join(side, path((0.75, 0.95), (0.72, 0.86)), mirror(strap)[::-1]), cloth)
    else:
        canvas.fill(both(join(side, _EDGES[opening])), cloth)


def draw_off_shoulder_band(canvas: Canvas, cloth: Cloth) -> None:
    """Draw the frill that runs over both upper arms."""
    canvas.fill(_BAND, cloth)


def draw_sleeves(canvas: Canvas, scene: Scene, cloth: Cloth) -> None:
    """Draw both sleeves down to the length that the scene asks for."""
    value = scene.values["sleeve_length"]
    if value == "sleeveless":
        return
    end = SLEEVE_ENDS[value] + SLEEVE_SLACK * scene.slack["sleeve_length"]
    t = np.linspace(0.0, end, 14)
    radius = np.interp(t, (0.0, 0.15, 1.0), (0.26, 0.27, 0.2 + 0.12 * scene.look.sleeve_width))
    for limb in scene.arms:
        canvas.fill(tube(limb.at(t), radius), cloth)
        x, y = limb.point(0.0)
        canvas.fill(ellipse((x - 0.04 * np.sign(x), y + 0.03), (0.24, 0.24)), cloth, outlined=False)
