"""From any source to a photo: upright 8-bit RGB pixels, or an `ImageError` that says why not."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionsdk.errors import ImageError
from fashionsdk.photos._image_locks import alone
from fashionsdk.photos._modes import from_array, to_rgb
from fashionsdk.photos._quiet import quiet
from fashionsdk.photos._read_image import Keep, read_image
from fashionsdk.photos._strips import PhotoInStrips, cut_out
from fashionsdk.photos._upright import Photo
from fashionsdk.photos.geometry import Cutout, Size

ImageSource: TypeAlias = str | Path | bytes | Image.Image | NDArray[np.uint8] | Cutout


def open_image(source: ImageSource) -> Image.Image:
    """Return a photo with all its pixels as sRGB, 8 bits a channel, turned upright; see `open_photo`."""
    return open_photo(source).in_srgb().image


def open_photo(source: ImageSource, *, at_least: int | Keep | None = None) -> Photo:
    """Return a photo with 8 bits a channel, turned upright by its EXIF orientation.

    An animation gives its first frame. Transparency is composited on white. 16-bit and floating-point grey is scaled
    to 0 to 255. Colours are as stored: where a profile says that this is not sRGB, `Photo.in_srgb` converts them.
    HEIC files need pillow-heif. A truncated file is an error as long as the program leaves Pillow's
    ``LOAD_TRUNCATED_IMAGES`` off, which is its default. Threads may be given the same Pillow image.

    Args:
        source: a path, a file's bytes, a Pillow image, or a uint8 array ``(H, W, 3)`` RGB, ``(H, W, 4)`` RGBA or
            ``(H, W)`` grey; or a `Cutout` of one of these.
        at_least: pixels that the shorter side must keep, or a function from the upright photo's width and height to
            those that it must keep, or ``None`` for all. A JPEG file is then decoded at 1/2, 1/4 or 1/8 of its size,
            the smallest that keeps them, which takes less time and memory. Other formats, Pillow images and arrays
            keep all.

    Raises:
        ImageError: the file does not exist, is damaged or truncated, is not an image in one of ``FORMATS``, or is
            beyond a limit. The limits are checked before pixels are decoded: ``MAX_PIXELS``, ``MAX_SIDE``,
            ``MAX_FILE_BYTES``, ``MAX_HELD_BYTES`` of memory that reading takes, ``MAX_UNPACKED_BYTES`` of a PNG or
            TIFF. A cutout's box ends outside the photo. Some ways to store a photo are left out, because they are slow
            to read and no camera or shop writes them: PPM in plain text, BMP with run lengths, JPEG with arithmetic
            coding, BigTIFF.
        TypeError: the source is of another type, or the array is not uint8.
        ValueError: the array has another shape, or ``at_least`` is below 1.
    """
    with ExitStack() as held:
        photo = _opened(source, _keep(at_least), held, in_strips=False)
        return photo.whole() if isinstance(photo, PhotoInStrips) else photo


@contextmanager
def opened_photo(source: ImageSource, keep: Keep | None) -> Iterator[Photo | PhotoInStrips]:
    """Give a photo as `open_photo` does, converted where it is needed, and hold the bytes that it takes in the block.

    A JPEG file is decoded at the smallest of its sizes that keeps what ``keep`` says; with None, whole. The threads
    of a process that read photos wait for each other here: together they hold ``MAX_HELD_BYTES`` at most.

    Raises:
        ImageError, TypeError, ValueError: as `open_photo`.
    """
    with ExitStack() as held:
        yield _opened(source, keep, held, in_strips=True)


def _keep(at_least: int | Keep | None) -> Keep | None:
    if not isinstance(at_least, int):
        return at_least
    if at_least < 1:
        raise ValueError(f"at_least is {at_least}; expected 1 pixel or more, or None for all")
    return lambda size: (at_least, at_least)


def _opened(source: ImageSource, keep: Keep | None, held: ExitStack, *, in_strips: bool) -> Photo | PhotoInStrips:
    if isinstance(source, Cutout):
        photo = _opened(source.photo, keep and partial(_keep_around, source, keep), held, in_strips=in_strips)
        try:
            source.check_within(photo.size)
        except ValueError as error:
            raise ImageError(describe(source.photo), str(error)) from error
        return cut_out(photo, source.pixels)
    if isinstance(source, np.ndarray):
        return Photo.whole(to_rgb(from_array(source)))
    if not isinstance(source, (str, Path, bytes, Image.Image)):
        raise TypeError(f"got {type(source).__name__}; expected a path, bytes, a Pillow image or a uint8 array")
    try:
        with quiet():
            return read_image(source, keep, held, in_strips=in_strips)
    except ImageError:
        raise
    except Exception as error:  # Pillow's readers fail on damaged files with almost any exception there is
        raise ImageError(describe(source), _reason(error)) from error


def _keep_around(cutout: Cutout, keep: Keep, size: Size) -> Size | None:
    """Return what a photo must keep so that a part of it keeps enough."""
    part = keep(cutout.size)
    return part and (-(-part[0] * size[0] // cutout.size[0]), -(-part[1] * size[1] // cutout.size[1]))


def shows_one_of_several(source: object) -> bool:
    """Tell whether this is a Pillow image of several frames. Its owner may turn to the next while threads read it."""
    if isinstance(source, Cutout):
        return shows_one_of_several(source.photo)
    if not isinstance(source, Image.Image):
        return False
    try:
        with alone(source), quiet():
            return bool(getattr(source, "is_animated", False))
    except Exception:  # Pillow looks for a second frame in the file; a damaged one may raise anything
        return True


def describe(source: ImageSource) -> str:
    """Return a short name of a photo for messages: its path, or what it is."""
    if isinstance(source, Cutout):
        return f"{describe(source.photo)}, box {source}"
    if isinstance(source, (str, Path)):
        return os.fspath(source)
    if isinstance(source, bytes):
        return f"{len(source)} bytes"
    if isinstance(source, Image.Image):
        return getattr(source, "filename", "") or f"{source.mode} image of {source.width} x {source.height}"
    return f"array {source.shape}"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, Image.DecompressionBombError):
        return f"is too large: {error}"
    return str(error).strip() or f"is damaged ({type(error).__name__} in Pillow)"
