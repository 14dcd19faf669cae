"""The region that shows each attribute. It depends on the figure, not on the value, so it does not reveal the value."""

import numpy as np

from fashionsdk_training.garments.body import ARM_REACH, SOLE, WAIST, Box, bounding_box
from fashionsdk_training.garments.drawing import Path, join, line, mirror, path
from fashionsdk_training.garments.scene import Scene

# Half width, top and bottom in body units.
_REGIONS: dict[str, tuple[float, float, float]] = {
    "skirt_length": (1.35, WAIST, SOLE + 0.1),
    "pant_length": (1.1, WAIST, SOLE + 0.1),
    "coat_length": (1.35, 0.95, SOLE + 0.1),
    "collar_design": (1.05, -0.35, 1.45),
    "lapel_design": (1.0, -0.3, 1.25),
    "neckline_design": (1.25, -0.25, 1.5),
    "neck_design": (0.85, -0.65, 1.1),
}
_SLEEVE_MARGIN = 0.33
_CORNERS = _SLEEVE_MARGIN * path((-1, -1), (-1, 1), (1, -1), (1, 1))


def attribute_box(scene: Scene, attribute: str) -> Box:
    """Return left, top, right, bottom of the attribute's region, fractions of the side within 0 to 1."""
    return bounding_box(scene.camera, region(scene, attribute))


def region(scene: Scene, attribute: str) -> Path:
    """Return the outline of the attribute's region in body units, ``(n, 2)``."""
    if attribute == "sleeve_length":
        t = np.linspace(0.0, ARM_REACH, 12)
        arms = join(*(limb.at(t) for limb in scene.arms))
        return join(*(arms + corner for corner in _CORNERS))
    return _outline(*_REGIONS[attribute])


def _outline(half_width: float, top: float, bottom: float) -> Path:
    y = np.linspace(top, bottom, 16)
    right = line(np.full_like(y, half_width), y)
    return join(right, mirror(right))
