"""From any source to a photo: upright 8-bit RGB pixels, or an `ImageError` that says why not."""

import io
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionsdk.errors import ImageError
from fashionsdk.photos._budget import READING
from fashionsdk.photos._colours import conversion
from fashionsdk.photos._limits import MAX_PIXELS, check_demand, check_file, check_size, image_bytes
from fashionsdk.photos._modes import converter, from_array, on_canvas, to_rgb
from fashionsdk.photos._quiet import quiet, silence_libtiff
from fashionsdk.photos._strips import STRIP_BYTES, STRIPS_FROM, InStrips, PhotoInStrips
from fashionsdk.photos._transparency import Box, Key, first_frame, transparent_key, with_alpha
from fashionsdk.photos._upright import Photo, turn_of, upright
from fashionsdk.photos.containers import FORMATS, Demand, identify, inspect, open_header

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

ImageSource: TypeAlias = str | Path | bytes | Image.Image | NDArray[np.uint8]

# Two threads that decode one Pillow image at once would fail, or get wrong pixels. An image always has the same lock.
_LOCKS = [threading.Lock() for _ in range(64)]


def _renew_locks() -> None:
    _LOCKS[:] = [threading.Lock() for _ in _LOCKS]


if hasattr(os, "register_at_fork"):  # a thread that held one is not in the child
    os.register_at_fork(after_in_child=_renew_locks)


def open_image(source: ImageSource) -> Image.Image:
    """Return a photo with all its pixels as sRGB, 8 bits a channel, turned upright; see `open_photo`."""
    return open_photo(source).in_srgb().image


def open_photo(source: ImageSource, *, at_least: int | None = None) -> Photo:
    """Return a photo with 8 bits a channel, turned upright by its EXIF orientation.

    An animation gives its first frame. Transparency is composited on white. 16-bit and floating-point grey is scaled
    to 0 to 255. Colours are as stored: where a profile says that this is not sRGB, `Photo.in_srgb` converts them.
    HEIC files need pillow-heif. A truncated file is an error as long as the program leaves Pillow's
    ``LOAD_TRUNCATED_IMAGES`` off, which is its default. Threads may be given the same Pillow image.

    Args:
        source: a path, a file's bytes, a Pillow image, or a uint8 array ``(H, W, 3)`` RGB, ``(H, W, 4)`` RGBA or
            ``(H, W)`` grey.
        at_least: pixels that the shorter side must keep, or ``None`` for all. A JPEG file is then decoded at 1/2, 1/4
            or 1/8 of its size, the smallest that keeps them, which takes less time and memory. Other formats,
            Pillow images and arrays keep all.

    Raises:
        ImageError: the file does not exist, is damaged or truncated, is not an image in one of ``FORMATS``, or has
            more than ``MAX_PIXELS``.
        TypeError: the source is of another type, or the array is not uint8.
        ValueError: the array has another shape, or ``at_least`` is below 1.
    """
    if at_least is not None and at_least < 1:
        raise ValueError(f"at_least is {at_least}; expected 1 pixel or more, or None for all")
    if isinstance(source, np.ndarray):
        return Photo.whole(to_rgb(from_array(source)))
    if not isinstance(source, (str, Path, bytes, Image.Image)):
        raise TypeError(f"got {type(source).__name__}; expected a path, bytes, a Pillow image or a uint8 array")
    try:
        with quiet():
            return _open(source, at_least)
    except ImageError:
        raise
    except Exception as error:  # Pillow's readers fail on damaged files with almost any exception there is
        raise ImageError(describe(source), _reason(error)) from error


def shows_one_of_several(source: object) -> bool:
    """Tell whether this is a Pillow image of several frames. Its owner may turn to the next while threads read it."""
    if not isinstance(source, Image.Image):
        return False
    try:
        with _alone(source), quiet():
            return bool(getattr(source, "is_animated", False))
    except Exception:  # Pillow looks for a second frame in the file; a damaged one may raise anything
        return True


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
        with _alone(source):
            return _decode(source, None)  # reduced, it would be another image for its owner too
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), at_least)
    if not stat.S_ISREG(mode := os.stat(source).st_mode):
        raise ValueError("is a folder" if stat.S_ISDIR(mode) else "is not a regular file")
    with open(source, "rb") as file:
        return _read(file, at_least)


@contextmanager
def _alone(image: Image.Image) -> Iterator[None]:
    """Keep other threads from an image, and from the file that it and other images are still to be read from."""
    shared = [thing for thing in (image, getattr(image, "fp", None)) if thing is not None]
    with ExitStack() as held:
        for number in sorted({id(thing) // 64 % len(_LOCKS) for thing in shared}):  # in one order: no two wait in turn
            held.enter_context(_LOCKS[number])
        yield


def _read(file: BinaryIO, at_least: int | None) -> Photo:
    image = with_alpha(_identify(file))
    if image.format == "TIFF":
        image.info.pop("xmp", None)  # else Pillow turns the photo as XMP says while it is loaded
    return _decode(image, at_least)


def _identify(file: BinaryIO) -> Image.Image:
    """Read the header alone, as ``Image.open`` does.

    For a large photo ``Image.open`` also issues a warning, which can only be silenced for the whole process.
    """
    prefix = file.read(16)
    if not prefix:
        raise ValueError("is empty")
    if prefix[4:8] == b"ftyp" and is_heic(prefix + file.read(HEAD)):
        file.seek(0)
        return open_heic(file)
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
    """Load Pillow's reader of a format; return its opening function and its check of a file's first bytes."""
    try:
        import_module(f"PIL.{FORMATS[name]}")
    except ImportError:  # Pillow has AVIF from 11.3 on
        return None, None
    return Image.OPEN.get(name, (None, None))


def _decode(image: Image.Image, at_least: int | None) -> Photo:
    size = image.size
    if not 0 < size[0] * size[1] <= MAX_PIXELS:
        raise ValueError(f"has {size[0]} x {size[1]} pixels; expected 1 to {MAX_PIXELS} in all")
    reduced = image.draft(None, (at_least, at_least)) if at_least and image.format in ("JPEG", "MPO") else None
    pixels, colours = _load(image)
    photo = Photo.whole(pixels) if reduced is None else Photo(pixels, size, reduced[1])
    return upright(replace(photo, colours=colours), image)


def _load(image: Image.Image) -> tuple[Image.Image, "ImageCmsTransform | None"]:
    """Return an image's pixels, and what converts them to sRGB."""
    key, frame = transparent_key(image), first_frame(image)  # once an image is loaded, it forgets
    if image.format == "TIFF":
        silence_libtiff()
    image.load()
    colours = conversion(image)
    if colours is not None and colours.input_mode == "CMYK":
        return image, colours
    if image.mode == "P" and image.palette is None:
        raise ValueError("has pixels that number the colours of a palette, and no palette")
    pixels = to_rgb(image, key)
    if frame is not None:
        pixels = on_canvas(pixels, frame)
    return (pixels if colours is None or colours.input_mode == "RGB" else pixels.getchannel("R")), colours


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, Image.DecompressionBombError):
        return f"is too large: {error}"
    return str(error).strip() or f"is damaged ({type(error).__name__} in Pillow)"
