"""Collars and high necks, which sit on a closed top or a round opening."""

from collections.abc import Callable

import numpy as np

from fashionsdk_training.garments.drawing import (
    Canvas,
    Cloth,
    Colour,
    both,
    curve,
    ellipse,
    join,
    line,
    path,
    seam_colour,
    wave,
)

_SHIRT_FLAP = path((0.27, -0.26), (0.52, 0.42), (0.3, 0.36), (0.0, 0.06), (0.2, -0.2))
_PETER_PAN_FLAP = curve((0.02, 0.04), (0.26, -0.1), (0.6, 0.08), (0.6, 0.36), (0.36, 0.48), (0.12, 0.36), (0.02, 0.04))
_PURITAN_FLAP = path((0.02, 0.04), (0.26, -0.1), (1.0, 0.24), (0.94, 0.85), (0.5, 1.0))
_RIB_INNER = both(curve((0.34, -0.06), (0.28, 0.2), (0.0, 0.34)))
_RIB_OUTER = both(curve((0.5, 0.02), (0.42, 0.36), (0.0, 0.56)))
_BOW_TAIL = path((0.0, 0.2), (0.3, 1.02), (0.1, 1.06), (0.0, 0.3))
_BOW_LOOP = curve((0.04, 0.2), (0.4, -0.02), (0.68, 0.08), (0.66, 0.4), (0.4, 0.44), (0.04, 0.24))
_TURTLE = both(path((0.4, 0.08), (0.3, -0.3), (0.3, -0.56), (0.0, -0.52)))
_TURTLE_FOLD = both(path((0.33, -0.2), (0.0, -0.14)))
_LOW_TURTLE = both(path((0.36, 0.06), (0.27, -0.22), (0.0, -0.16)))
_RUFFLE_BASE = both(path((0.34, 0.06), (0.26, -0.2), (0.0, -0.16)))
_RUFFLE = join(
    wave((-0.5, -0.36), (0.5, -0.36), count=5, depth=0.07), wave((0.42, -0.12), (-0.42, -0.12), count=5, depth=0.06)
)
_HOOD = curve((0.0, 0.42), (0.3, 0.34), (0.66, 0.06), (0.6, -0.3), (0.34, -0.36), (0.26, -0.02), (0.0, 0.26))


def draw_collar(canvas: Canvas, value: str, cloth: Cloth, trim: Colour) -> None:
    """Draw one of the ``collar_design`` values in the trim colour."""
    match value:
        case "shirt":
            _shirt(canvas, cloth, trim)
        case "peter_pan":
            canvas.pair(_PETER_PAN_FLAP, trim)
        case "puritan":
            canvas.pair(_PURITAN_FLAP, trim)
        case "rib":
            _rib(canvas, trim)
        case "bow":
            canvas.pair(_BOW_TAIL, trim)
            canvas.pair(_BOW_LOOP, trim)
            canvas.fill(ellipse((0.0, 0.2), (0.11, 0.12)), trim)


def _shirt(canvas: Canvas, cloth: Cloth, trim: Colour) -> None:
    canvas.stroke(path((0.0, 0.1), (0.0, 1.4)), cloth.seam)
    for y in (0.45, 0.75, 1.05, 1.35):
        canvas.fill(ellipse((0.07, y), (0.04, 0.04), steps=8), trim, outlined=False)
    canvas.pair(_SHIRT_FLAP, trim)


def _rib(canvas: Canvas, trim: Colour) -> None:
    canvas.fill(join(_RIB_OUTER, _RIB_INNER[::-1]), trim)
    for inner, outer in zip(_RIB_INNER[::2], _RIB_OUTER[::2], strict=True):
        canvas.stroke(np.stack([inner, outer]), seam_colour(trim))


def draw_high_neck(canvas: Canvas, value: str, cloth: Cloth) -> None:
    """Draw one of the ``neck_design`` values in the top's cloth."""
    _HIGH_NECKS[value](canvas, cloth)


def _turtle(canvas: Canvas, cloth: Cloth) -> None:
    canvas.fill(_TURTLE, cloth)
    canvas.stroke(_TURTLE_FOLD, cloth.seam)


def _low_turtle(canvas: Canvas, cloth: Cloth) -> None:
    canvas.fill(_LOW_TURTLE, cloth)


def _ruffle(canvas: Canvas, cloth: Cloth) -> None:
    canvas.fill(_RUFFLE_BASE, cloth)
    canvas.fill(_RUFFLE, cloth)
    for x in np.linspace(-0.34, 0.34, 6):
        canvas.stroke(path((x * 1.15, -0.34), (x, -0.14)), cloth.seam)


def _draped(canvas: Canvas, cloth: Cloth) -> None:
    for depth in (0.45, 0.62, 0.8, 0.98):
        fold = curve((0.72 - 0.2 * (depth - 0.45), 0.14), (0.45, depth - 0.2), (0.0, depth))
        canvas.stroke(both(fold), cloth.seam, 0.055)


def _hooded(canvas: Canvas, cloth: Cloth) -> None:
    canvas.pair(_HOOD, cloth)
    for x in (-0.16, 0.16):
        canvas.stroke(line(np.array([x, 1.2 * x]), np.array([0.34, 1.0])), cloth.seam, 0.06)


_HIGH_NECKS: dict[str, Callable[[Canvas, Cloth], None]] = {
    "turtle": _turtle,
    "low_turtle": _low_turtle,
    "ruffle_semi_high": _ruffle,
    "draped": _draped,
    "hooded": _hooded,
}
