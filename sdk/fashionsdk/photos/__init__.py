"""Photos: from any source to upright RGB pixels, and from pixels to a model's input."""

from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk.photos._source import ImageSource, describe, open_image, open_photo, shows_one_of_several
from fashionsdk.photos.geometry import FITS, Cutout, Fit, PixelBox, Placement

__all__ = [
    "FITS",
    "Cutout",
    "Fit",
    "ImageSource",
    "PixelBox",
    "Placement",
    "Preprocessing",
    "describe",
    "open_image",
    "open_photo",
    "shows_one_of_several",
]
