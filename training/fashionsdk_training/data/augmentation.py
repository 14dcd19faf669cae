"""Random changes to a training photo that do not change its attributes."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from fashionsdk._tools import strict_json
from fashionsdk.photos import PADDING, Edges, Preprocessing
from fashionsdk_training.data.view import View

LARGEST_CROP = 4.0  # the photo is then a sixteenth of what is seen
ERASED_AREA = 0.02, 0.2  # of what is seen
ERASED_PROPORTIONS = 3.0  # height to width, or width to height, at most


@dataclass(frozen=True)
class Augmentation:
    """Random crop of the photo's own proportions, mirror, brightness and erased rectangles.

    Hue and saturation do not change, because colour is an attribute. The crop is large, because length is one.

    Attributes:
        smallest_crop: the crop's sides as a share of the photo's, drawn between this and `largest_crop`.
        mirror: whether half of the photos are mirrored.
        brightness: largest relative change of brightness and of contrast, 0 for none.
        largest_crop: above 1 the crop may reach beyond the photo, which is then smaller, with padding around it. If all
            crops are smaller than photos, garments are larger in training than in what is embedded later (Touvron et
            al., NeurIPS 2019, arXiv:1906.06423).
        erased: the share of the photos from which a rectangle is erased (Zhong et al., AAAI 2020, arXiv:1708.04896).

    Raises:
        ValueError: a number is out of range.
    """

    smallest_crop: float = 0.75
    mirror: bool = True
    brightness: float = 0.1
    largest_crop: float = field(default=1.0, metadata=strict_json.OPTIONAL)
    erased: float = field(default=0.0, metadata=strict_json.OPTIONAL)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 < self.smallest_crop <= 1 <= self.largest_crop <= LARGEST_CROP or not 0 <= self.brightness < 1:
            raise ValueError(
                f"smallest_crop {self.smallest_crop}, largest_crop {self.largest_crop}, brightness {self.brightness}; "
                f"expected 0 < smallest_crop <= 1 <= largest_crop <= {LARGEST_CROP:g} and 0 <= brightness < 1"
            )
        if not 0 <= self.erased <= 1:
            raise ValueError(f"erased is {self.erased}; expected a share of the photos, 0 to 1")

    def __call__(
        self, pixels: NDArray[np.uint8], preprocessing: Preprocessing, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a random variant ``(H, W, 3)``, the model's input, of a photo of any size, both uint8."""
        return self.viewed(pixels, preprocessing, rng)[0]

    def viewed(
        self, pixels: NDArray[np.uint8], preprocessing: Preprocessing, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], View]:
        """Return a random variant of a photo, as a call does, and how it shows the photo."""
        padding = preprocessing.padding or PADDING
        left, top, right, bottom = part = self._part(pixels, rng)
        image = Image.new("RGB", (right - left, bottom - top), padding)
        image.paste(Image.fromarray(pixels), (-left, -top))
        mirrored = self.mirror and bool(rng.random() < 0.5)
        if mirrored:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        view = View(preprocessing.placement(image.size).cut_from(part), mirrored)
        image = Image.fromarray(preprocessing(image))
        if self.brightness:
            for enhancer in (ImageEnhance.Brightness, ImageEnhance.Contrast):
                image = enhancer(image).enhance(1 + rng.uniform(-self.brightness, self.brightness))
        if self.erased and rng.random() < self.erased:
            view = replace(view, erased=_rectangle(*image.size, rng))
            image.paste(padding, view.erased)
        return np.asarray(image), view

    def _part(self, pixels: NDArray[np.uint8], rng: np.random.Generator) -> Edges:
        """Return left, top, right and bottom of a random part of a photo, of its proportions; or of more than it."""
        share = rng.uniform(self.smallest_crop, self.largest_crop)
        height, width = (max(round(length * share), 1) for length in pixels.shape[:2])
        left, top = (
            int(rng.integers(min(0, whole - part), max(0, whole - part) + 1))
            for whole, part in ((pixels.shape[1], width), (len(pixels), height))
        )
        return left, top, left + width, top + height


def _rectangle(width: int, height: int, rng: np.random.Generator) -> Edges:
    """Return left, top, right and bottom of a random rectangle, of a few to twenty percent of a picture's area."""
    area, proportions = rng.uniform(*ERASED_AREA), ERASED_PROPORTIONS ** rng.uniform(-1, 1)
    high = min(max(round(height * (area * proportions) ** 0.5), 1), height)
    wide = min(max(round(width * (area / proportions) ** 0.5), 1), width)
    top, left = int(rng.integers(0, height - high + 1)), int(rng.integers(0, width - wide + 1))
    return left, top, left + wide, top + high
