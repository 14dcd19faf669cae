"""Photos: from any source to upright RGB pixels, and from pixels to a model's input."""

from fashionsdk.photos._placement import Placement
from fashionsdk.photos._preprocessing import Fit, Preprocessing
from fashionsdk.photos._source import ImageSource, describe, open_image, open_photo, shows_one_of_several

__all__ = [
    "Fit",
    "ImageSource",
    "Placement",
    "Preprocessing",
    "describe",
    "open_image",
    "open_photo",
    "shows_one_of_several",
]
