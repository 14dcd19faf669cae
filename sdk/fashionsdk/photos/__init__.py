"""Photos: from any source to upright RGB pixels, and from pixels to a model's input."""

from fashionsdk.photos._preprocessing import PADDING, RGB, UNRECORDED_PADDING, Preprocessing
from fashionsdk.photos._source import ImageSource, describe, open_image, open_photo, shows_one_of_several
from fashionsdk.photos.geometry import FITS, Cutout, Edges, Fit, PixelBox, Placement, Size

__all__ = [
    "FITS",
    "PADDING",
    "RGB",
    "UNRECORDED_PADDING",
    "Cutout",
    "Edges",
    "Fit",
    "ImageSource",
    "PixelBox",
    "Placement",
    "Preprocessing",
    "Size",
    "describe",
    "open_image",
    "open_photo",
    "shows_one_of_several",
]
