"""Random changes to a training photo that do not change its attributes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from fashionsdk.photos import Preprocessing
from fashionsdk_training.data.view import View


@dataclass(frozen=True)
class Augmentation:
    """Random crop of the photo's own proportions, mirror and brightness.

    Hue and saturation do not change, because colour is an attribute. The crop is large, because length is one.

    Attributes:
        smallest_crop: the crop's sides as a share of the photo's, drawn between this and 1.
        mirror: whether half of the photos are mirrored.
        brightness: largest relative change of brightness and of contrast, 0 for none.

    Raises:
        ValueError: a number is out of range.
    """

    smallest_crop: float = 0.75
    mirror: bool = True
    brightness: float = 0.1

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 < self.smallest_crop <= 1 or not 0 <= self.brightness < 1:
            raise ValueError(
                f"smallest_crop {self.smallest_crop}, brightness {self.brightness}; expected 0 < smallest_crop <= 1 "
                "and 0 <= brightness < 1"
            )

    def __call__(
        self, pixels: NDArray[np.uint8], preprocessing: Preprocessing, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a random variant ``(H, W, 3)``, the model's input, of a photo of any size, both uint8."""
        return self.viewed(pixels, preprocessing, rng)[0]

    def viewed(
        self, pixels: NDArray[np.uint8], preprocessing: Preprocessing, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], View]:
        """Return a random variant of a photo, as a call does, and how it shows the photo."""
        left, top, right, bottom = part = self._part(pixels, rng)
        image = Image.fromarray(pixels[top:bottom, left:right])
        mirrored = self.mirror and bool(rng.random() < 0.5)
        if mirrored:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        view = View(preprocessing.placement(image.size).cut_from(part), mirrored)
        image = Image.fromarray(preprocessing(image))
        if self.brightness:
            for enhancer in (ImageEnhance.Brightness, ImageEnhance.Contrast):
                image = enhancer(image).enhance(1 + rng.uniform(-self.brightness, self.brightness))
        return np.asarray(image), view

    def _part(self, pixels: NDArray[np.uint8], rng: np.random.Generator) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom of a random part of a photo, of its proportions."""
        share = rng.uniform(self.smallest_crop, 1)
        height, width = (max(round(length * share), 1) for length in pixels.shape[:2])
        left, top = (
            int(rng.integers(0, whole - part + 1)) for whole, part in ((pixels.shape[1], width), (len(pixels), height))
        )
        return left, top, left + width, top + height
