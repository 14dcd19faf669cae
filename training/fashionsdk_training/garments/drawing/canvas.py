"""Draw shapes in body units on an image, at twice its resolution for smooth edges."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw

from fashionsdk_training.garments.drawing.shapes import Path, join, mirror
from fashionsdk_training.garments.drawing.textures import Colour, Texture, texture_image

_OVERSAMPLING = 2
_DARK = 150  # a colour whose channels sum to less is outlined in a lighter one


@dataclass(frozen=True)
class Cloth:
    """A filling of shapes: an image of the whole canvas, and the colour of its seams."""

    image: Image.Image
    seam: Colour


Paint = Cloth | Colour


class Projection(Protocol):
    """Maps body units to the frame, whose corners are (0, 0) and (1, 1); ``body.Camera`` is one."""

    @property
    def unit(self) -> float:
        """The frame height of one body unit."""

    def project(self, points: Path) -> Path:
        """Return frame coordinates of body points ``(n, 2)``."""


class Canvas:
    """An RGB image of ``side`` pixels that is drawn in body units."""

    def __init__(self, projection: Projection, background: Texture, side: int) -> None:
        self.projection = projection
        self._size = side * _OVERSAMPLING
        self._image = texture_image(background, self._size)
        self._pen = ImageDraw.Draw(self._image)

    @contextmanager
    def seen_by(self, projection: Projection) -> Iterator[None]:
        """Draw by another projection within the block."""
        own, self.projection = self.projection, projection
        yield
        self.projection = own

    def weave(self, texture: Texture) -> Cloth:
        """Return the cloth of a texture, for shapes on this canvas only."""
        return Cloth(texture_image(texture, self._size), seam_colour(texture.first))

    def fill(self, shape: Path, paint: Paint, *, outlined: bool = True) -> None:
        """Fill a polygon ``(n, 2)``."""
        xy = self.projection.project(shape) * self._size
        if isinstance(paint, Cloth):
            self._paste(xy, paint.image)
        else:
            self._pen.polygon(xy.ravel().tolist(), fill=paint)
        if outlined:
            self.stroke(join(shape, shape[:1]), paint.seam if isinstance(paint, Cloth) else seam_colour(paint))

    def pair(self, shape: Path, paint: Paint, *, outlined: bool = True) -> None:
        """Fill a polygon and its reflection."""
        self.fill(shape, paint, outlined=outlined)
        self.fill(mirror(shape), paint, outlined=outlined)

    def stroke(self, line: Path, colour: Colour, width: float = 0.035) -> None:
        """Draw a line ``(n, 2)``; ``width`` is in body units."""
        xy = self.projection.project(line) * self._size
        pixels = max(1, round(width * self.projection.unit * self._size))
        self._pen.line(xy.ravel().tolist(), fill=colour, width=pixels, joint="curve" if pixels > 3 else None)

    def finish(self) -> Image.Image:
        """Return the picture at its final size."""
        return self._image.reduce(_OVERSAMPLING)

    def _paste(self, xy: Path, image: Image.Image) -> None:
        """Copy the polygon's part of an image; for speed only its bounding box is processed."""
        left, top = np.clip(np.floor(xy.min(axis=0)), 0, self._size).astype(int).tolist()
        right, bottom = np.clip(np.ceil(xy.max(axis=0)) + 1, 0, self._size).astype(int).tolist()
        if left >= right or top >= bottom:
            return
        mask = Image.new("1", (right - left, bottom - top))
        ImageDraw.Draw(mask).polygon((xy - (left, top)).ravel().tolist(), fill=1)
        self._image.paste(image.crop((left, top, right, bottom)), (left, top), mask)


def seam_colour(colour: Colour) -> Colour:
    """Return a darker colour, or for a dark colour a lighter one."""
    towards, share = (255, 0.35) if sum(colour) < _DARK else (0, 0.5)
    red, green, blue = (round(channel + (towards - channel) * share) for channel in colour)
    return red, green, blue
