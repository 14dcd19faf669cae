"""A figure anywhere in a scene of any proportion, among clutter: no fixed place of the picture shows a value."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from fashionsdk_training.garments.body import Box, Frame
from fashionsdk_training.garments.drawing import Canvas, Path, line
from fashionsdk_training.garments.nuisance import draw_clutter

_STREAM = 2  # of random numbers; values and nuisance have 0 and 1
_WIDEST = 2.0  # the long side over the short one, at most
_LEAST, _MOST = 0.35, 0.75  # the figure's frame over the scene's short side: one fixed place hits 28 of 100 boxes
_HEAPS = (2, 5)  # of clutter, from and up to


@dataclass(frozen=True)
class Surroundings:
    """A scene's window in a square, whose corners are (0, 0) and (1, 1), and the figure's frame in that window.

    Attributes:
        window: left, top, right and bottom of what the picture shows; one of its sides is 1.
        corner: left and top of the figure's frame.
        scale: the side of the figure's frame.
        cluttered: whether heaps of clutter lie anywhere in the scene.
    """

    window: Box
    corner: tuple[float, float]
    scale: float
    cluttered: bool = True


@dataclass(frozen=True)
class PlacedCamera:
    """Map body units to the square that holds the scene, by the figure's camera and its place.

    Attributes:
        camera: to the figure's own frame.
        surroundings: where that frame is.
    """

    camera: Frame
    surroundings: Surroundings

    @property
    def unit(self) -> float:
        """The square's height of one body unit."""
        return self.camera.unit * self.surroundings.scale

    @property
    def window(self) -> Box:
        """What the picture shows of the square."""
        return self.surroundings.window

    def project(self, points: Path) -> Path:
        """Return the square's coordinates of body points ``(n, 2)``."""
        placed = self.camera.project(points) * self.surroundings.scale + np.array(self.surroundings.corner)
        return line(*placed.T)


def sample_surroundings(index: int, seed: int) -> Surroundings:
    """Return the surroundings of picture ``index``."""
    rng = np.random.default_rng([seed, _STREAM, index])
    ratio = float(_WIDEST ** rng.uniform(-1, 1))
    width, height = min(1.0, ratio), min(1.0, 1 / ratio)
    left, top = (1 - width) / 2, (1 - height) / 2
    scale = float(rng.uniform(_LEAST, _MOST)) * min(width, height)
    corner = (left + float(rng.uniform(0, width - scale)), top + float(rng.uniform(0, height - scale)))
    return Surroundings((left, top, left + width, top + height), corner, scale)


def scatter(canvas: Canvas, camera: PlacedCamera, rng: Generator) -> None:
    """Draw heaps of clutter anywhere in the scene, before the figure."""
    for _ in range(rng.integers(*_HEAPS)):
        corner = (float(rng.uniform(-0.2, 0.8)), float(rng.uniform(-0.2, 0.8)))
        place = Surroundings(camera.surroundings.window, corner, float(rng.uniform(_LEAST, _MOST)))
        with canvas.seen_by(PlacedCamera(camera.camera, place)):
            draw_clutter(canvas, rng)
