"""From a photo to a model's input: the only resize in this repository."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionsdk._tools import strict_json
from fashionsdk.photos._placement import Placement
from fashionsdk.photos._source import ImageSource, opened_photo
from fashionsdk.photos._strips import PhotoInStrips
from fashionsdk.photos._upright import Photo

# From this ratio of sides on, only the strip around the crop is resized.
EXTREME_ASPECT_RATIO = 4

# Settings come from files too. The networks take 448 pixels at most; a batch of 32 photos of 2048 is 400 MB of bytes.
MAX_SIDE = 2048
MAX_REDUCING_GAP = 128  # more, and no photo within the limit on pixels would be reduced
# Up to this many decoded pixels are converted to sRGB before they are resized, as a browser does; of larger photos only
# the square is, which takes a millisecond instead of seconds. docs/decisions/colour.md has the differences.
CONVERTED_FIRST = 4_000_000

Fit: TypeAlias = Literal["crop", "pad"]
PADDING = (255, 255, 255)  # as behind a product photo, and as transparency is composited


@dataclass(frozen=True)
class Preprocessing:
    """Fit a photo into a square of ``side`` x ``side`` pixels, at its own proportions.

    ``"crop"`` resizes the shorter side to ``side`` and takes the centre square, as the papers do. ``"pad"`` resizes the
    longer side to ``side``, so that the whole photo is seen, centres it, and fills the rest with white.

    The resize is Pillow's bilinear filter, which widens with the reduction and so does not alias. Mean and
    standard deviation are not here: they are part of the model and of its graph.

    Attributes:
        side: S, in pixels.
        reducing_gap: the resize reduces a JPEG file by this factor at least, after the file's decoder has reduced it
            by 2, 4 or 8; as in Pillow's ``Image.thumbnail``, but a whole number. ``None`` to decode every pixel. Why
            it is 3: docs/decisions/jpeg.md.
        fit: what happens to a photo that is no square: ``"crop"`` or ``"pad"``.

    Raises:
        ValueError: ``side`` or ``reducing_gap`` is below 1, or above ``MAX_SIDE`` or ``MAX_REDUCING_GAP``, or ``fit``
            is another word.
    """

    side: int
    reducing_gap: int | None = 3
    fit: Fit = field(default="crop", metadata=strict_json.OPTIONAL)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 1 <= self.side <= MAX_SIDE:
            raise ValueError(
                f"side is {self.side!r:.20}; expected 1 pixel or more, such as 224, and {MAX_SIDE} at most"
            )
        if self.reducing_gap is not None and not 1 <= self.reducing_gap <= MAX_REDUCING_GAP:
            raise ValueError(
                f"reducing_gap is {self.reducing_gap!r:.20}; expected 1 or more and {MAX_REDUCING_GAP} at most, "
                "or None to decode every pixel"
            )
        if self.fit not in get_args(Fit):
            raise ValueError(f"fit is {self.fit!r:.20}; expected {' or '.join(get_args(Fit))}")

    def decoded_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the width and height that a JPEG of ``size`` has at least once decoded."""
        gap = self.reducing_gap
        if gap is None:
            return size
        width, height = self._resized(size) if self.fit == "pad" else (self.side, self.side)
        return gap * width, gap * height

    def placement(self, size: tuple[int, int]) -> Placement:
        """Return where an upright photo of this width and height lies in the input.

        Raises:
            ValueError: a side is below 1.
        """
        if min(size) < 1:
            raise ValueError(f"size is {size}; expected a width and height from 1")
        width, height = self._resized(size)
        left, top = self._offset(width), self._offset(height)
        return Placement(size, self.side, (-left, -top, width - left, height - top))

    def read(self, source: ImageSource) -> NDArray[np.uint8]:
        """Return a photo as the model's input: uint8 ``(S, S, 3)``, contiguous, 0 to 255.

        A JPEG file of which `decoded_size` is half or less is decoded at a fraction of its size, which gives slightly
        other values than ``self(open_image(source))`` in less than half of the time. Training, evaluation and serving
        read photos here, so they see the same.

        Raises:
            ImageError, TypeError, ValueError: as `fashionsdk.photos.open_photo`.
        """
        with opened_photo(source, None if self.reducing_gap is None else self.decoded_size) as photo:
            return self._square(photo)

    def __call__(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return an upright RGB image with all its pixels as the model's input: uint8 ``(S, S, 3)``, contiguous.

        With ``"crop"`` it is torchvision's ``Resize(S, BILINEAR)`` and ``CenterCrop(S)`` of the PIL image, bit for bit.
        Where one side is more than ``EXTREME_ASPECT_RATIO`` times the other it may differ by 1 from them, because
        only the pixels under the crop are resized: a photo of 1 x 10,000 would become 224 x 2,240,000 first.

        Raises:
            ValueError: the image is not RGB, or has no pixels.
        """
        if image.mode != "RGB" or min(image.size) < 1:
            raise ValueError(
                f"got an image of mode {image.mode} and size {image.size}; expected RGB with at least 1 pixel: "
                "open it with fashionsdk.photos.open_image"
            )
        return self._square(Photo.whole(image))

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON takes them; `from_json` reads them back."""
        encoded: dict[str, Any] = strict_json.encode(self)
        return encoded

    @classmethod
    def from_json(cls, value: Any) -> "Preprocessing":
        """Read `to_json`'s answer.

        Raises:
            ValueError: a key is missing or unknown, or a value does not fit.
        """
        return strict_json.decode(cls, value, "preprocessing")

    def _square(self, photo: Photo | PhotoInStrips) -> NDArray[np.uint8]:
        if isinstance(photo, Photo) and photo.image.width * photo.image.height <= CONVERTED_FIRST:
            photo = photo.in_srgb()
        if self.fit == "pad":
            return self._padded(photo.convert(self._resize(photo)))
        if max(photo.size) > EXTREME_ASPECT_RATIO * min(photo.size):
            square = self._resize_crop(photo)
        else:
            square = self._crop(self._resize(photo))
        return np.array(photo.convert(square), dtype=np.uint8)

    def _resize(self, photo: Photo | PhotoInStrips) -> Image.Image:
        size = self._resized(photo.size)
        if size == photo.size and isinstance(photo, Photo):
            return photo.image
        return photo.image.resize(size, Image.Resampling.BILINEAR, photo.box)

    def _padded(self, image: Image.Image) -> NDArray[np.uint8]:
        pixels = np.empty((self.side, self.side, 3), np.uint8)
        pixels[:] = PADDING
        left, top = (-self._offset(length) for length in image.size)
        pixels[top : top + image.height, left : left + image.width] = np.asarray(image)
        return pixels

    def _crop(self, image: Image.Image) -> Image.Image:
        left, top = (self._offset(length) for length in image.size)
        return (
            image
            if image.size == (self.side, self.side)
            else image.crop((left, top, left + self.side, top + self.side))
        )

    def _resize_crop(self, photo: Photo | PhotoInStrips) -> Image.Image:
        """Resize only the pixels that the crop needs: those under it and those that the filter reaches."""
        sides = zip(photo.box[:2], photo.box[2:], photo.image.size, self._resized(photo.size), strict=True)
        (left, inner_left, inner_right, right), (top, inner_top, inner_bottom, bottom) = (
            self._span(*side) for side in sides
        )
        strip = photo.image.crop((left, top, right, bottom))
        box = (inner_left - left, inner_top - top, inner_right - left, inner_bottom - top)
        return strip.resize((self.side, self.side), Image.Resampling.BILINEAR, box=box)

    def _span(self, begin: float, end: float, length: int, resized: int) -> tuple[int, float, float, int]:
        """Return the crop along one axis of the image, in pixels: first pixel to read, start, stop, last pixel.

        Along this axis the image has ``length`` pixels. The photo lies from ``begin`` to ``end`` and becomes
        ``resized`` pixels.
        """
        scale = (end - begin) / resized
        start = begin + self._offset(resized) * scale
        stop = min(start + self.side * scale, end)
        reach = int(max(scale, 1.0)) + 2
        return max(int(start) - reach, 0), start, stop, min(int(stop) + reach, length)

    def _resized(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size of the whole photo once resized: rounded down, as torchvision does, but at least 1."""
        width, height = size
        fitted = max(size) if self.fit == "pad" else min(size)
        return max(1, int(self.side * width / fitted)), max(1, int(self.side * height / fitted))

    def _offset(self, length: int) -> int:
        """Return how many pixels are cut off before the input begins; with padding, minus those that are added."""
        return round((length - self.side) / 2.0)
