"""Drawing: plane shapes, textures, and the canvas for both; knows nothing of garments."""

from fashionsdk_training.garments.drawing.canvas import Canvas, Cloth, seam_colour
from fashionsdk_training.garments.drawing.shapes import (
    Path,
    Point,
    both,
    curve,
    ellipse,
    join,
    line,
    mirror,
    path,
    tube,
    wave,
)
from fashionsdk_training.garments.drawing.textures import Colour, Texture, sample_texture

__all__ = [
    "Canvas",
    "Cloth",
    "Colour",
    "Path",
    "Point",
    "Texture",
    "both",
    "curve",
    "ellipse",
    "join",
    "line",
    "mirror",
    "path",
    "sample_texture",
    "seam_colour",
    "tube",
    "wave",
]
