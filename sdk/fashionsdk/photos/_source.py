"""From whatever holds a photo to upright 8-bit RGB pixels, or an :class:`ImageError` that says why not."""

import io
import os
import stat
import struct
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from fashionsdk.errors import ImageError

ImageSource: TypeAlias = str | Path | bytes | Image.Image | NDArray[np.uint8]

# 80 megapixels, 240 MB once decoded: more than a camera's, less than a decompression bomb's.
MAX_PIXELS = 80_000_000

# Only these are tried, by these modules of Pillow. Its other readers are left out on purpose: one of them starts
# Ghostscript, and loading all forty takes longer than the first photo.
FORMATS = {
    "JPEG": "JpegImagePlugin",
    "PNG": "PngImagePlugin",
    "WEBP": "WebPImagePlugin",
    "GIF": "GifImagePlugin",
    "AVIF": "AvifImagePlugin",
    "BMP": "BmpImagePlugin",
    "TIFF": "TiffImagePlugin",
    "PPM": "PpmImagePlugin",
}

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

# What a turn does to a corner: whether x and y change places, and which of the two then run backwards.
_CORNERS = {
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
        image: RGB, 8 bits a channel, upright.
        size: width and height of the photo itself.
        box: left, top, right and bottom of the photo within ``image``, in pixels of ``image``. Of a reduced photo it
            may begin or end in the middle of a pixel, because the number of pixels is rounded up.
    """

    image: Image.Image
    size: tuple[int, int]
    box: Box

    @classmethod
    def whole(cls, image: Image.Image) -> "Photo":
        """Return the photo of which ``image`` has every pixel."""
        return cls(image, image.size, (0, 0, *image.size))

    def turned(self, turn: Image.Transpose) -> "Photo":
        """Return the photo flipped or rotated."""
        swap, *backwards = _CORNERS[turn]
        order = -1 if swap else 1
        spans = list(zip(self.box[:2], self.box[2:], self.image.size, strict=True))[::order]
        (left, right), (top, bottom) = (
            (length - end, length - begin) if back else (begin, end)
            for (begin, end, length), back in zip(spans, backwards, strict=True)
        )
        width, height = self.size[::order]
        return Photo(self.image.transpose(turn), (width, height), (left, top, right, bottom))


def open_image(source: ImageSource) -> Image.Image:
    """Return a photo with all its pixels as RGB, 8 bits a channel, turned upright; see :func:`open_photo`."""
    return open_photo(source).image


def open_photo(source: ImageSource, *, at_least: int | None = None) -> Photo:
    """Return a photo as RGB, 8 bits a channel, turned upright by its EXIF orientation.

    The first frame stands for an animation; transparency is composited on white; 16-bit and floating-point
    grey is scaled to 0 to 255. Colour profiles are not applied. A file cut short is an error as long as the program
    leaves Pillow's ``LOAD_TRUNCATED_IMAGES`` off, which is its default.

    Args:
        source: a path, a file's bytes, a Pillow image, or a uint8 array ``(H, W, 3)`` RGB, ``(H, W, 4)`` RGBA or
            ``(H, W)`` grey.
        at_least: pixels that the shorter side must keep, or ``None`` for all. A JPEG file is then decoded at 1/2, 1/4
            or 1/8 of its size, the smallest that keeps them, which takes less time and memory. Other formats,
            Pillow images and arrays keep all.

    Raises:
        ImageError: there is no such file, it is damaged or cut short, not an image in one of ``FORMATS``, or
            larger than ``MAX_PIXELS``.
        TypeError: the source is none of these, or the array is not uint8.
        ValueError: the array has another shape, or ``at_least`` is below 1.
    """
    if at_least is not None and at_least < 1:
        raise ValueError(f"at_least is {at_least}; expected 1 pixel or more, or None for all")
    if isinstance(source, np.ndarray):
        return Photo.whole(_to_rgb(_from_array(source)))
    if not isinstance(source, (str, Path, bytes, Image.Image)):
        raise TypeError(f"got {type(source).__name__}; expected a path, bytes, a Pillow image or a uint8 array")
    try:
        return _open(source, at_least)
    except ImageError:
        raise
    except Exception as error:  # Pillow's readers fail on damaged files with almost any exception there is
        raise ImageError(describe(source), _reason(error)) from error


def describe(source: ImageSource) -> str:
    """Return a short name of a photo for messages: its path, or what it is."""
    if isinstance(source, (str, Path)):
        return os.fspath(source)
    if isinstance(source, bytes):
        return f"{len(source)} bytes"
    if isinstance(source, Image.Image):
        return getattr(source, "filename", "") or f"{source.mode} image of {source.width} x {source.height}"
    return f"array {source.shape}"


def _open(source: str | Path | bytes | Image.Image, at_least: int | None) -> Photo:
    if isinstance(source, Image.Image):
        return _decode(source, None)  # reduced, it would be another image for its owner too
    if isinstance(source, bytes):
        return _decode(_identify(io.BytesIO(source)), at_least)
    if not stat.S_ISREG(mode := os.stat(source).st_mode):
        raise ValueError("is a folder" if stat.S_ISDIR(mode) else "is not a regular file")
    with open(source, "rb") as file:
        return _decode(_identify(file), at_least)


def _identify(file: BinaryIO) -> Image.Image:
    """Read the header alone.

    ``Image.open`` is not called: for a large photo it issues a warning, which can only be silenced for the whole
    process at once. What it does otherwise is done here.
    """
    prefix = file.read(16)
    if not prefix:
        raise ValueError("is empty")
    for name in FORMATS:
        factory, accept = _reader(name)
        if factory is None or (accept is not None and accept(prefix) is not True):
            continue
        file.seek(0)
        try:
            image: Image.Image = factory(file, "")
            return image
        except (SyntaxError, IndexError, TypeError, struct.error) as error:
            raise ValueError(f"cannot be read as {name}: {error}") from error
    raise ValueError(f"is not an image; expected {', '.join(FORMATS)}")


@cache
def _reader(name: str) -> tuple[Any, Any]:
    """Load Pillow's reader of a format and return what opens a file and what knows its first bytes."""
    try:
        import_module(f"PIL.{FORMATS[name]}")
    except ImportError:  # Pillow has AVIF from 11.3 on
        return None, None
    return Image.OPEN.get(name, (None, None))


def _decode(image: Image.Image, at_least: int | None) -> Photo:
    size = image.size
    if not 0 < size[0] * size[1] <= MAX_PIXELS:
        raise ValueError(f"has {size[0]} x {size[1]} pixels; expected 1 to {MAX_PIXELS} in all")
    reduced = image.draft(None, (at_least, at_least)) if at_least else None
    image.load()
    rgb = _to_rgb(image)
    photo = Photo.whole(rgb) if reduced is None else Photo(rgb, size, reduced[1])
    turn = _UPRIGHT.get(_orientation(image))
    return photo if turn is None else photo.turned(turn)


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # the pixels are whole; metadata that cannot be read leaves them as they are stored
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return _scale(image)
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured)
    return image.convert("RGB")


def _scale(image: Image.Image) -> Image.Image:
    """Scale grey of more than 8 bits to 0 to 255.

    I;16 has a range of its own. In I (32-bit) and F the range is the smallest usual one that holds every value: 1
    (F only), 255 or 65535.
    """
    values = np.asarray(image).astype(np.float64)
    ranges = (65535,) if image.mode.startswith("I;16") else (255, 65535) if image.mode == "I" else (1, 255, 65535)
    lowest, highest = values.min(), values.max()
    full = next((full for full in ranges if lowest >= 0 and highest <= full), None)
    if full is None:
        raise ValueError(f"has grey values from {lowest:g} to {highest:g}; expected 0 to one of {ranges}")
    return Image.fromarray(np.rint(values * (255 / full)).astype(np.uint8)).convert("RGB")


def _from_array(array: NDArray[Any]) -> Image.Image:
    if array.dtype != np.uint8:
        raise TypeError(f"array is {array.dtype}; expected uint8, 0 to 255")
    grey, coloured = array.ndim == 2, array.ndim == 3 and array.shape[2] in (3, 4)
    if not (grey or coloured) or array.size == 0:
        raise ValueError(f"array has shape {array.shape}; expected (H, W, 3), (H, W, 4) or (H, W), not empty")
    return Image.fromarray(array)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, Image.DecompressionBombError):
        return f"is too large: {error}"
    return str(error) or type(error).__name__
