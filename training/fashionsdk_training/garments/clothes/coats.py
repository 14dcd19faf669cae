"""Coats: two front panels that open below the button, and lapels along their edges."""

import numpy as np

from fashionsdk_training.garments.drawing import Canvas, Cloth, Colour, Path, curve, ellipse, join, line, path
from fashionsdk_training.garments.scene import Scene
from fashionsdk_training.garments.vocabulary import COAT_HEMS, HEM_SLACK

_BUTTON = (0.03, 1.12)
_INNER = path((0.22, -0.1))
_LAPELS: dict[str, Path] = {
    "notched": path((0.26, -0.16), (0.6, 0.1), (0.62, 0.36), (0.42, 0.34), (0.76, 0.5), (0.5, 0.85), _BUTTON),
    "peaked": path((0.26, -0.16), (0.5, 0.08), (0.48, 0.4), (0.94, 0.14), (0.74, 0.62), _BUTTON),
    "shawl": curve((0.26, -0.16), (0.52, 0.2), (0.5, 0.6), (0.32, 0.9), _BUTTON),
    "plus_size_shawl": curve((0.28, -0.22), (0.86, 0.08), (0.96, 0.6), (0.6, 1.05), _BUTTON),
    "collarless": path((0.34, -0.06), (0.1, 1.08), _BUTTON),
}


def draw_coat(canvas: Canvas, scene: Scene, cloth: Cloth) -> None:
    """Draw the coat's body down to the length that the scene asks for."""
    hem = COAT_HEMS[scene.values["coat_length"]] + HEM_SLACK * scene.slack["coat_length"]
    down, up = np.linspace(0.97, hem, 12), np.linspace(hem, _BUTTON[1], 12)
    canvas.pair(
        join(
            path((0.26, -0.08), (0.84, 0.17), (0.8, 0.5)),
            line(_outer_edge(down, scene.look.fullness), down),
            line(_inner_edge(up, scene.look.opening), up),
        ),
        cloth,
    )


def _outer_edge(y: Path, fullness: float) -> Path:
    return np.interp(y, (0.97, 1.5, 2.1), (0.8, 0.68, 0.84)) + (0.05 + 0.08 * fullness) * np.maximum(y - 2.1, 0)


def _inner_edge(y: Path, opening: float) -> Path:
    """Open the panels far enough to show the clothes below."""
    return _BUTTON[0] + (0.1 + 0.05 * opening) * (y - _BUTTON[1])


def draw_lapels(canvas: Canvas, value: str, trim: Colour) -> None:
    """Draw one of the ``lapel_design`` values in the trim colour, with the button that they end at."""
    canvas.pair(join(_LAPELS[value], _INNER), trim)
    canvas.fill(ellipse(_BUTTON, (0.06, 0.06), steps=8), trim)
