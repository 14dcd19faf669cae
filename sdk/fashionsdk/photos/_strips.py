"""A large photo whose pixels become RGB and upright a strip at a time, where they are needed."""

from collections.abc import Callable
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
        self.size = stored.size if turn is None else turned_size(stored.size, turn)

    @property
    def width(self) -> int:
        """Width in pixels, upright."""
        return self.size[0]

    @property
    def height(self) -> int:
        """Height in pixels, upright."""
        return self.size[1]

    def crop(self, box: Place) -> Image.Image:
        """Return the pixels of a box, which must lie within the photo."""
        place = box
        if self._turn is not None:
            left, top, right, bottom = stored_box(box, self.size, self._turn)
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


def _rows(size: tuple[int, int]) -> list[tuple[int, int]]:
    """Return where each strip of whole rows begins and ends."""
    width, height = size
    count = max(STRIP // width, 1)
    return [(begin, min(begin + count, height)) for begin in range(0, height, count)]
