"""Skirts and trousers."""

import numpy as np

from fashionsdk_training.garments.body import CROTCH, HIP, WAIST
from fashionsdk_training.garments.drawing import Canvas, Cloth, both, curve, join, line, path, tube
from fashionsdk_training.garments.scene import Scene
from fashionsdk_training.garments.vocabulary import HEM_SLACK, PANT_HEMS, SKIRT_HEMS

_SEAT = both(join(path((0.06, 2.62)), curve((0.74, 2.45), (0.8, 2.15), (0.6, WAIST))))
_FLY = path((0.0, WAIST), (0.0, 2.62))
_PLEATS = (-0.5, -0.1, 0.3, 0.7)


def draw_skirt(canvas: Canvas, scene: Scene, cloth: Cloth) -> None:
    """Draw a skirt down to the length that the scene asks for."""
    hem = SKIRT_HEMS[scene.values["skirt_length"]] + HEM_SLACK * scene.slack["skirt_length"]
    y = np.linspace(hem, WAIST, 12)
    flare = (0.01 + 0.13 * scene.look.fullness) * np.maximum(y - 2.0, 0)
    x = np.interp(y, (WAIST, HIP), (0.58, 0.84)) + flare
    canvas.fill(both(join(path((0.0, hem + 0.05)), line(x, y), path((0.0, WAIST)))), cloth)
    for share in _PLEATS:
        canvas.stroke(line(x[1:-3] * share, y[1:-3]), cloth.seam, 0.02)


def draw_trousers(canvas: Canvas, scene: Scene, cloth: Cloth) -> None:
    """Draw trousers down to the length that the scene asks for."""
    hem = PANT_HEMS[scene.values["pant_length"]] + HEM_SLACK * scene.slack["pant_length"]
    height = np.linspace(HIP, hem, 12)
    ankle = 0.22 + 0.18 * scene.look.fullness
    radius = np.interp(height, (HIP, CROTCH, 5.4), (0.4, 0.4, ankle))
    for limb in scene.legs:
        canvas.fill(tube(limb.at(height), radius), cloth)
    canvas.fill(_SEAT, cloth, outlined=False)
    canvas.stroke(_FLY, cloth.seam)
