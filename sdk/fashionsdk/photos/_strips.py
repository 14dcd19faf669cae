"""A large photo whose pixels become RGB and upright a strip at a time, where they are needed."""

import math
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from fashionsdk.photos._modes import STRIP, strips
from fashionsdk.photos._transparency import Box as Place
from fashionsdk.photos._upright import Box, Photo, stored_box, turned_box, turned_size

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

# Photos of more pixels are converted in strips. Of smaller ones, a whole copy is quicker and small.
STRIPS_FROM = 4_000_000

# Bytes that a strip and its copies take at most: a million pixels, as RGBA four times or as numbers of 8 bytes.
STRIP_BYTES = 32_000_000


class InStrips:
    """The upright pixels of a stored image: ``crop`` and ``resize`` give what they give of all of it, bit for bit.

    Args:
        stored: a loaded image of any mode, as its file stores it.
        turn: what turns it upright.
        mode: the mode of the upright pixels.
        convert: makes pixels of this mode of a part of ``stored``, whose place it is told.
    """

    def __init__(
        self,
        stored: Image.Image,
        turn: Image.Transpose | None,
        mode: str,
        convert: Callable[[Image.Image, Place], Image.Image],
    ) -> None:
        self._stored, self._turn, self._mode, self._convert = stored, turn, mode, convert
        self._upright = self.size = stored.size if turn is None else turned_size(stored.size, turn)
        self._corner = 0, 0

    @property
    def width(self) -> int:
        """Width in pixels, upright."""
        return self.size[0]

    @property
    def height(self) -> int:
        """Height in pixels, upright."""
        return self.size[1]

    def part(self, box: Place) -> "InStrips":
        """Return the pixels of a box, not converted yet; the box must lie within the photo."""
        part = copy(self)
        part._corner = self._corner[0] + box[0], self._corner[1] + box[1]
        part.size = box[2] - box[0], box[3] - box[1]
        return part

    def crop(self, box: Place) -> Image.Image:
        """Return the pixels of a box, which must lie within the photo."""
        x, y = self._corner
        place = box[0] + x, box[1] + y, box[2] + x, box[3] + y
        if self._turn is not None:
            left, top, right, bottom = stored_box(place, self._upright, self._turn)
            place = int(left), int(top), int(right), int(bottom)
        part = self._convert(self._stored.crop(place), place)
        return part if self._turn is None else part.transpose(self._turn)

    def resize(self, size: tuple[int, int], resample: Image.Resampling, box: Box) -> Image.Image:
        """Return the pixels of ``box`` resized. Pillow resizes each row first, then the columns of what it got."""
        left, top, right, bottom = box
        narrow = Image.new(self._mode, (size[0], self.height))
        for begin, end in _rows(self.size):
            strip = self.crop((0, begin, self.width, end))
            narrow.paste(strip.resize((size[0], end - begin), resample, (left, 0, right, end - begin)), (0, begin))
        return narrow.resize(size, resample, (0, top, size[0], bottom))

    def whole(self) -> Image.Image:
        """Return all pixels."""
        image = Image.new(self._mode, self.size)
        for strip in strips(self.size):
            image.paste(self.crop(strip), strip)
        return image


@dataclass(frozen=True, eq=False)
class PhotoInStrips:
    """A `Photo` whose image is not converted yet; its attributes are that one's."""

    image: InStrips
    size: tuple[int, int]
    box: Box
    colours: "ImageCmsTransform | None"

    @classmethod
    def turned(cls, image: InStrips, stored: Photo, turn: Image.Transpose | None) -> "PhotoInStrips":
        """Return the photo turned upright, as ``image`` is; ``stored`` is how the file stores it."""
        if turn is None:
            return cls(image, stored.size, stored.box, stored.colours)
        box = turned_box(stored.box, stored.image.size, turn)
        return cls(image, turned_size(stored.size, turn), box, stored.colours)

    def whole(self) -> Photo:
        """Return the photo with all its pixels converted."""
        return Photo(self.image.whole(), self.size, self.box, self.colours)

    def convert(self, part: Image.Image) -> Image.Image:
        """Return pixels of this photo, which may have been resized, in sRGB: RGB."""
        return part if self.colours is None else self.colours.apply(part)


def cut_out(photo: Photo | PhotoInStrips, box: Place) -> Photo | PhotoInStrips:
    """Return the part of a photo in ``box``, in pixels of the photo, as a photo of its own."""
    ends = zip(photo.box[:2], photo.box[2:], photo.size, box[:2], box[2:], strict=True)
    (left, right), (top, bottom) = (
        tuple(begin + edge * (end - begin) / length for edge in edges) for begin, end, length, *edges in ends
    )
    outer = math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)
    inner = left - outer[0], top - outer[1], right - outer[0], bottom - outer[1]
    size = box[2] - box[0], box[3] - box[1]
    if isinstance(photo, Photo) and (outer[2] - outer[0]) * (outer[3] - outer[1]) <= STRIPS_FROM:
        return Photo(photo.image.crop(outer), size, inner, photo.colours)
    image = InStrips(photo.image, None, photo.image.mode, as_it_is) if isinstance(photo, Photo) else photo.image
    return PhotoInStrips(image.part(outer), size, inner, photo.colours)


def as_it_is(part: Image.Image, place: Place) -> Image.Image:
    """Return a part that needs no conversion."""
    return part


def _rows(size: tuple[int, int]) -> list[tuple[int, int]]:
    """Return where each strip of whole rows begins and ends."""
    width, height = size
    count = max(STRIP // width, 1)
    return [(begin, min(begin + count, height)) for begin in range(0, height, count)]
