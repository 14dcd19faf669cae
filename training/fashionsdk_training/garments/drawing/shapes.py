"""Plane geometry: curves, mirrored halves, tubes. A path is float64 ``(n, 2)``, x to the right, y down."""

import numpy as np
from numpy.typing import NDArray

Path = NDArray[np.float64]
Point = tuple[float, float]


def path(*points: Point) -> Path:
    """Return the points as an array ``(n, 2)``."""
    return np.array(points, dtype=np.float64)


def join(*paths: Path) -> Path:
    """Return the paths one after the other."""
    return np.concatenate(paths)


def line(x: Path, y: Path) -> Path:
    """Return the path with these coordinates, each ``(n,)``."""
    return np.stack([x, y], axis=1)


def mirror(half: Path) -> Path:
    """Return the path reflected in the axis x = 0."""
    return line(-half[:, 0], half[:, 1])


def both(half: Path) -> Path:
    """Return a right half, which ends at the axis, followed by its reflection in reverse."""
    return join(half, mirror(half)[::-1])


def curve(*points: Point, steps: int = 5) -> Path:
    """Return a smooth line through the points (a Catmull-Rom spline), ``steps`` points a segment."""
    knots = path(points[0], *points, points[-1])
    t = (np.arange(steps) / steps)[:, None]
    pieces = []
    for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        linear, square, cube = c - a, 2 * a - 5 * b + 4 * c - d, 3 * (b - c) + d - a
        pieces.append(b + 0.5 * t * (linear + t * (square + t * cube)))
    return join(*pieces, knots[-1:])


def ellipse(centre: Point, radii: Point, *, steps: int = 24) -> Path:
    """Return an ellipse as a polygon of ``steps`` points."""
    angle = np.linspace(0.0, 2 * np.pi, steps, endpoint=False)
    return line(centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle))


def tube(centre: Path, radius: Path) -> Path:
    """Return the outline of a tube around a centre line ``(n, 2)`` with a radius ``(n,)`` at each point."""
    along = np.gradient(centre, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = line(-along[:, 1] * radius, along[:, 0] * radius)
    return join(centre + across, (centre - across)[::-1])


def wave(start: Point, end: Point, *, count: int, depth: float) -> Path:
    """Return a line between two points with ``count`` waves of the given depth."""
    t = np.linspace(0.0, 1.0, 6 * count + 1)
    x, y = (a + t * (b - a) for a, b in zip(start, end, strict=True))
    return line(x, y + depth * np.sin(2 * np.pi * count * t))
