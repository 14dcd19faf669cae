"""How a photo lies in its pixels: the turn that EXIF asks for, and a photo that was reduced while it was decoded."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from PIL import Image

from fashionsdk.photos._orientation import orientation

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

Box: TypeAlias = tuple[float, float, float, float]

# EXIF orientation, 1 to 8: how the stored pixels turn into the upright photo.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# The turns that are not their own inverse.
_BACK = {Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270}

# What a turn does to coordinates: whether x and y are exchanged, then whether x and y are mirrored.
_COORDINATES = {
    Image.Transpose.FLIP_LEFT_RIGHT: (False, True, False),
    Image.Transpose.ROTATE_180: (False, True, True),
    Image.Transpose.FLIP_TOP_BOTTOM: (False, False, True),
    Image.Transpose.TRANSPOSE: (True, False, False),
    Image.Transpose.ROTATE_270: (True, True, False),
    Image.Transpose.TRANSVERSE: (True, True, True),
    Image.Transpose.ROTATE_90: (True, False, True),
}


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo's pixels, all of them or reduced while they were decoded.

    Attributes:
        image: RGB, 8 bits a channel, upright; L or CMYK if ``colours`` takes that.
        size: width and height of the photo itself.
        box: left, top, right and bottom of the photo within ``image``, in pixels of ``image``. Of a reduced photo it
            may begin or end in the middle of a pixel, because the number of pixels is rounded up.
        colours: what converts ``image``, or a part of it, to sRGB; ``None`` if it is in sRGB.
    """

    image: Image.Image
    size: tuple[int, int]
    box: Box
    colours: "ImageCmsTransform | None" = None

    @classmethod
    def whole(cls, image: Image.Image) -> "Photo":
        """Return the photo of which ``image`` has every pixel."""
        return cls(image, image.size, (0, 0, *image.size))

    def turned(self, turn: Image.Transpose) -> "Photo":
        """Return the photo flipped or rotated."""
        image = self.image.transpose(turn)
        image.info = {}  # what it says of orientation is no longer true
        return Photo(image, turned_size(self.size, turn), turned_box(self.box, self.image.size, turn), self.colours)

    def in_srgb(self) -> "Photo":
        """Return the photo in sRGB: RGB."""
        return self if self.colours is None else replace(self, image=self.convert(self.image), colours=None)

    def convert(self, part: Image.Image) -> Image.Image:
        """Return pixels of this photo, which may have been resized, in sRGB: RGB."""
        return part if self.colours is None else self.colours.apply(part)


def upright(photo: Photo, image: Image.Image) -> Photo:
    """Return the photo turned as the EXIF orientation of ``image``, which it was decoded from, says."""
    turn = turn_of(image)
    return photo if turn is None else photo.turned(turn)


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """Return the turn that the EXIF orientation of an image asks for."""
    return _UPRIGHT.get(orientation(image))


def turned_size(size: tuple[int, int], turn: Image.Transpose) -> tuple[int, int]:
    """Return width and height after a turn."""
    return size[::-1] if _COORDINATES[turn][0] else size


def turned_box(box: Box, size: tuple[int, int], turn: Image.Transpose) -> Box:
    """Return where a box of an image of ``size`` lies after a turn."""
    exchanged, *mirrored = _COORDINATES[turn]
    spans = list(zip(box[:2], box[2:], size, strict=True))[:: -1 if exchanged else 1]
    (left, right), (top, bottom) = (
        (length - end, length - begin) if mirror else (begin, end)
        for (begin, end, length), mirror in zip(spans, mirrored, strict=True)
    )
    return left, top, right, bottom


def stored_box(box: Box, size: tuple[int, int], turn: Image.Transpose) -> Box:
    """Return where a box of a turned image of ``size`` lay before the turn."""
    return turned_box(box, size, _BACK.get(turn, turn))
