"""Geometry: which part of a photo is meant, and where it lies in a model's input."""

from fashionsdk.photos.geometry._cutout import Cutout, PixelBox
from fashionsdk.photos.geometry._placement import FITS, Edges, Fit, Placement, Size

__all__ = ["FITS", "Cutout", "Edges", "Fit", "PixelBox", "Placement", "Size"]
