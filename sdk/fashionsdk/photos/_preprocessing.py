"""From a photo to a model's input: the only resize in this repository."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionsdk._tools import strict_json
from fashionsdk.photos._source import ImageSource, opened_photo
from fashionsdk.photos._strips import PhotoInStrips
from fashionsdk.photos._upright import Photo
from fashionsdk.photos.geometry import FITS, Cutout, Fit, Placement, Size

# From this ratio of what is resized to what is kept on, only the strip around the crop is resized.
EXTREME_ASPECT_RATIO = 4

# Settings come from files too. The networks take 448 pixels at most; a batch of 32 photos of 2048 is 400 MB of bytes.
MAX_SIDE = 2048
MAX_REDUCING_GAP = 128  # more, and no photo within the limit on pixels would be reduced
# Up to this many decoded pixels are converted to sRGB before they are resized, as a browser does; of larger photos only
# the input is, which takes a millisecond instead of seconds. docs/decisions/colour.md has the differences.
CONVERTED_FIRST = 4_000_000

RGB: TypeAlias = tuple[int, int, int]

# What surrounds a photo under the fit "pad": white, as behind product photos, and as transparency is composited. It is
# recorded wherever it was used, so another choice here changes no bundle and no run that there is.
PADDING: RGB = (255, 255, 255)
UNRECORDED_PADDING: RGB = (255, 255, 255)  # of what padded before the colour was recorded


@dataclass(frozen=True)
class Preprocessing:
    """Resize a photo at its own proportions to the model's input.

    The resize is Pillow's bilinear filter, which widens with the reduction and so does not alias. Mean and
    standard deviation are not here: they are part of the model and of its graph.

    Attributes:
        side: S, the side of a square input in pixels; or height and width of any other input. A pair of equal numbers
            becomes one number.
        reducing_gap: the resize reduces a JPEG file by this factor at least, after the file's decoder has reduced it
            by 2, 4 or 8; as in Pillow's ``Image.thumbnail``, but a whole number. ``None`` to decode every pixel. Why
            it is 3: docs/decisions/jpeg.md.
        fit: ``"crop"``: the photo covers the input, and what stands out at two sides is cut off; of a square input,
            the centre square is left. ``"pad"``: the whole photo is inside, in the middle, with padding beside it.
        padding: its colour: red, green and blue, 0 to 255. ``None`` becomes the default, white. With ``"crop"`` there
            is none, and it is ``None``.

    Raises:
        ValueError: ``side`` or ``reducing_gap`` is below 1, or above ``MAX_SIDE`` or ``MAX_REDUCING_GAP``, there is no
            such fit, or ``padding`` is no colour.
    """

    side: int | tuple[int, int]
    reducing_gap: int | None = 3
    fit: Fit = field(default="crop", metadata=strict_json.OPTIONAL)
    padding: RGB | None = field(default=None, metadata=strict_json.optional(missing=UNRECORDED_PADDING))

    def __post_init__(self) -> None:
        """Check the ranges, and settle what has two spellings."""
        self._check_side()
        self._check_fit()
        if self.reducing_gap is not None and not 1 <= self.reducing_gap <= MAX_REDUCING_GAP:
            raise ValueError(
                f"reducing_gap is {self.reducing_gap!r:.20}; expected 1 or more and {MAX_REDUCING_GAP} at most, "
                "or None to decode every pixel"
            )

    def _check_side(self) -> None:
        sides = self.side if isinstance(self.side, tuple) else (self.side,)
        if len(sides) not in (1, 2):
            raise ValueError(f"side is {self.side!r:.60}; expected one number, or height and width")
        for side in sides:
            if not 1 <= side <= MAX_SIDE:
                raise ValueError(f"side is {side!r:.20}; expected 1 pixel or more, such as 224, and {MAX_SIDE} at most")
        if len(set(sides)) == 1:
            object.__setattr__(self, "side", sides[0])

    def _check_fit(self) -> None:
        if self.fit not in FITS:
            raise ValueError(f"fit is {self.fit!r:.20}; expected {' or '.join(FITS)}")
        if self.fit == "crop":
            object.__setattr__(self, "padding", None)
        elif self.padding is None:
            object.__setattr__(self, "padding", PADDING)
        elif len(self.padding) != 3 or not all(0 <= level <= 255 for level in self.padding):
            raise ValueError(f"padding is {self.padding!r:.40}; expected red, green and blue, each 0 to 255")

    @property
    def height(self) -> int:
        """H, of the input in pixels."""
        return self.side[0] if isinstance(self.side, tuple) else self.side

    @property
    def width(self) -> int:
        """W, of the input in pixels."""
        return self.side[1] if isinstance(self.side, tuple) else self.side

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one photo's input: ``(H, W, 3)``."""
        return self.height, self.width, 3

    def placement(self, size: Size) -> Placement:
        """Return where an upright photo of this width and height lies in the input, and the way back.

        Raises:
            ValueError: a length is below 1.
        """
        if min(size) < 1:
            raise ValueError(f"size is {size}; expected a width and a height of 1 pixel or more")
        return Placement.of(size, (self.width, self.height), self.fit)

    def decoded_size(self, size: Size) -> Size | None:
        """Return the width and height that a JPEG of this size keeps at least once decoded; ``None`` for all."""
        if self.reducing_gap is None:
            return None
        width, height = self.placement(size).resized
        return self.reducing_gap * width, self.reducing_gap * height

    def read(self, source: ImageSource) -> NDArray[np.uint8]:
        """Return a photo as the model's input: uint8 ``(H, W, 3)``, contiguous, 0 to 255.

        A JPEG file that is resized to a part of its size, ``1 / (2 * reducing_gap)`` or less, is decoded at a fraction
        of its size. That gives slightly other values than ``self(open_image(source))`` in less than half of the time.
        Training, evaluation and serving read photos here, so they see the same.

        Raises:
            ImageError, TypeError, ValueError: as `fashionsdk.photos.open_photo`.
        """
        return self.read_placed(source)[0]

    def read_placed(self, source: ImageSource) -> tuple[NDArray[np.uint8], Placement]:
        """Return a photo as `read` does, and where it lies in the input; of a `Cutout`, in its photo's pixels.

        Raises:
            ImageError, TypeError, ValueError: as `fashionsdk.photos.open_photo`.
        """
        with opened_photo(source, self.decoded_size) as photo:
            placement = self.placement(photo.size)
            pixels = self._fitted(photo, placement)
            return pixels, placement.cut_from(source.pixels) if isinstance(source, Cutout) else placement

    def __call__(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return an upright RGB image with all its pixels as the model's input: uint8 ``(H, W, 3)``, contiguous.

        Cropped to a square, the result is torchvision's ``Resize(S, BILINEAR)`` and ``CenterCrop(S)`` on the PIL
        image, bit for bit. Where the photo covers more than ``EXTREME_ASPECT_RATIO`` times the input it may differ by
        1 from them, because only the pixels under the crop are resized: a photo of 1 x 10,000 would become
        224 x 2,240,000 first.

        Raises:
            ValueError: the image is not RGB, or has no pixels.
        """
        if image.mode != "RGB" or min(image.size) < 1:
            raise ValueError(
                f"got an image of mode {image.mode} and size {image.size}; expected RGB with at least 1 pixel: "
                "open it with fashionsdk.photos.open_image"
            )
        return self._fitted(Photo.whole(image), self.placement(image.size))

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

    def _fitted(self, photo: Photo | PhotoInStrips, placement: Placement) -> NDArray[np.uint8]:
        if isinstance(photo, Photo) and photo.image.width * photo.image.height <= CONVERTED_FIRST:
            photo = photo.in_srgb()
        pixels = np.array(photo.convert(_resized_part(photo, placement)), dtype=np.uint8)
        return pixels if self.padding is None or pixels.shape == self.shape else self._padded(pixels, placement)

    def _padded(self, pixels: NDArray[np.uint8], placement: Placement) -> NDArray[np.uint8]:
        padded = np.full(self.shape, self.padding, np.uint8)
        placement.cut(padded)[:] = pixels
        return padded


def _resized_part(photo: Photo | PhotoInStrips, placement: Placement) -> Image.Image:
    """Resize a photo, and cut off what the input does not show."""
    size, (left, top) = placement.input, placement.offset
    is_cut = placement.resized[0] > size[0] or placement.resized[1] > size[1]
    across, down = photo.size[0] * size[1], photo.size[1] * size[0]
    if is_cut and max(across, down) > EXTREME_ASPECT_RATIO * min(across, down):
        return _resize_crop(photo, placement)
    resized = _resize(photo, placement.resized)
    return resized.crop((-left, -top, size[0] - left, size[1] - top)) if is_cut else resized


def _resize(photo: Photo | PhotoInStrips, size: Size) -> Image.Image:
    if size == photo.size == photo.image.size and isinstance(photo, Photo):
        return photo.image
    return photo.image.resize(size, Image.Resampling.BILINEAR, photo.box)


def _resize_crop(photo: Photo | PhotoInStrips, placement: Placement) -> Image.Image:
    """Resize only the pixels that the crop needs: those under it and those that the filter reaches."""
    ends, lengths = (photo.box[:2], photo.box[2:]), (placement.resized, placement.offset, placement.input)
    axes = zip(*ends, photo.image.size, *lengths, strict=True)
    (left, inner_left, inner_right, right), (top, inner_top, inner_bottom, bottom) = (_span(*axis) for axis in axes)
    strip = photo.image.crop((left, top, right, bottom))
    box = (inner_left - left, inner_top - top, inner_right - left, inner_bottom - top)
    return strip.resize(placement.input, Image.Resampling.BILINEAR, box=box)


def _span(
    begin: float, end: float, length: int, resized: int, offset: int, shown: int
) -> tuple[int, float, float, int]:
    """Return the crop along one axis of the image, in pixels: first pixel to read, start, stop, last pixel.

    Along this axis the image has ``length`` pixels. The photo lies from ``begin`` to ``end`` and becomes ``resized``
    pixels, of which ``shown`` are kept, from ``-offset`` on.
    """
    scale = (end - begin) / resized
    start = begin - offset * scale
    stop = min(start + shown * scale, end)
    reach = int(max(scale, 1.0)) + 2
    return max(int(start) - reach, 0), start, stop, min(int(stop) + reach, length)
