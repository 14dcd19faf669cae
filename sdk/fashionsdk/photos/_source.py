"""From any source to a photo: upright 8-bit RGB pixels, or an `ImageError` that says why not."""

import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionsdk.errors import ImageError
from fashionsdk.photos._budget import hold_while_reading
from fashionsdk.photos._colours import conversion
from fashionsdk.photos._image_locks import alone
from fashionsdk.photos._limits import check_demand, check_file, check_size, image_bytes
from fashionsdk.photos._modes import converter, from_array, on_canvas, to_rgb
from fashionsdk.photos._quiet import quiet, silence_libtiff
from fashionsdk.photos._strips import STRIP_BYTES, STRIPS_FROM, InStrips, PhotoInStrips, as_it_is, cut_out
from fashionsdk.photos._transparency import Box, Key, first_frame, transparent_key, with_alpha
from fashionsdk.photos._upright import Box as Place
from fashionsdk.photos._upright import Photo, turn_of, turned_size, upright
from fashionsdk.photos.containers import identify, inspect, open_header
from fashionsdk.photos.geometry import Cutout, Size

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

ImageSource: TypeAlias = str | Path | bytes | Image.Image | NDArray[np.uint8] | Cutout

# From the size of an upright photo to the width and height that it keeps at least, or to None for all.
Keep: TypeAlias = Callable[[Size], Size | None]


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

    The threads of a process that read photos wait for each other here: together they hold ``MAX_HELD_BYTES`` at most.

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
            return _open(source, keep, held, in_strips)
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


def _open(
    source: str | Path | bytes | Image.Image, keep: Keep | None, held: ExitStack, in_strips: bool
) -> Photo | PhotoInStrips:
    if isinstance(source, Image.Image):
        with alone(source):
            check_size(source.size)  # never reduced: it would be another image for its owner too
            hold_while_reading(held, 2 * image_bytes("RGB", source.size))
            return _whole(source, source.size, None)
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), len(source), keep, held, in_strips)
    status = os.stat(source)
    if not stat.S_ISREG(mode := status.st_mode):
        raise ValueError("is a folder" if stat.S_ISDIR(mode) else "is not a regular file")
    with open(source, "rb") as file:
        return _read(file, status.st_size, keep, held, in_strips)


def _read(file: BinaryIO, length: int, keep: Keep | None, held: ExitStack, in_strips: bool) -> Photo | PhotoInStrips:
    """Read a file; from before its pixels are decoded, ``held`` holds the bytes that it takes."""
    check_file(length)
    format = identify(file)
    demand = inspect(format, file, length)
    if demand.size is not None:  # opening it takes the memory already
        check_size(demand.size)
        converted = _converted_bytes(demand.mode, demand.size, demand.mode == "RGB", in_strips)
        hold_while_reading(held, check_demand(demand.mode, demand.size, demand.size, demand, converted))
    image = open_header(format, file)
    size = image.size
    check_size(size)
    reduced = _reduce(image, keep) if keep and image.format in ("JPEG", "MPO") else None
    if demand.size is None:
        ready = image.mode == "RGB" and turn_of(image) is None and (in_strips or "icc_profile" not in image.info)
        converted = _converted_bytes(image.mode, image.size, ready, in_strips)
        hold_while_reading(held, check_demand(image.mode, size, image.size, demand, converted))
    image = with_alpha(image)
    if image.format == "TIFF":
        image.info.pop("xmp", None)  # else Pillow turns the photo as XMP says while it is loaded
    return (_whole if image.width * image.height <= STRIPS_FROM else _in_strips)(image, size, reduced)


def _reduce(image: Image.Image, keep: Keep) -> Place | None:
    """Choose the size at which a JPEG is decoded; return where the photo will lie in its pixels."""
    turn = turn_of(image)
    least = keep(image.size if turn is None else turned_size(image.size, turn))
    if least is None:
        return None
    reduced = image.draft(None, least if turn is None else turned_size(least, turn))
    return None if reduced is None else reduced[1]


def _converted_bytes(mode: str, size: tuple[int, int], ready: bool, in_strips: bool) -> int:
    """Return the bytes of the pixels that are made of decoded ones, which may be ``ready`` as they are."""
    whole = image_bytes("RGB", size)
    if size[0] * size[1] <= STRIPS_FROM:
        return 0 if ready else 2 * whole
    return STRIP_BYTES if in_strips else 0 if ready else STRIP_BYTES + whole


def _whole(image: Image.Image, size: tuple[int, int], box: Place | None) -> Photo:
    """Return a photo with all its pixels converted."""
    key, frame, colours = _load(image)
    pixels = image if _is_cmyk(colours) else to_rgb(image, key)
    if frame is not None:
        pixels = on_canvas(pixels, frame)
    if _is_grey(colours):
        pixels = pixels.getchannel("R")
    photo = Photo.whole(pixels) if box is None else Photo(pixels, size, box)
    return upright(replace(photo, colours=colours), image)


def _in_strips(image: Image.Image, size: tuple[int, int], box: Place | None) -> Photo | PhotoInStrips:
    """Return a photo whose pixels are converted where they are needed, or as it is if they are what is needed."""
    key, frame, colours = _load(image)
    mode = "RGB" if colours is None else colours.input_mode
    stored = replace(Photo.whole(image) if box is None else Photo(image, size, box), colours=colours)
    turn = turn_of(image)
    if image.mode == mode and mode != "L" and key is None and frame is None:
        if turn is None:
            return stored
        return PhotoInStrips.turned(InStrips(image, turn, mode, as_it_is), stored, turn)
    convert = partial(_convert_part, converter(image, key), frame, mode)
    return PhotoInStrips.turned(InStrips(image, turn, mode, convert), stored, turn)


def _convert_part(
    convert: Callable[[Image.Image], Image.Image], frame: Box | None, mode: str, part: Image.Image, place: Box
) -> Image.Image:
    pixels = convert(part)
    if frame is not None:
        left, top = (max(frame[i] - place[i], 0) for i in (0, 1))
        right, bottom = (min(frame[i + 2], place[i + 2]) - place[i] for i in (0, 1))
        pixels = on_canvas(pixels, (left, top, max(right, left), max(bottom, top)))
    return pixels.getchannel("R") if mode == "L" else pixels


def _load(image: Image.Image) -> "tuple[Key | None, Box | None, ImageCmsTransform | None]":
    """Load an image; return the value that is transparent, where its frame lies, and what converts it to sRGB."""
    key, frame = transparent_key(image), first_frame(image)  # once an image is loaded, it forgets
    if image.format == "TIFF":
        silence_libtiff()
    image.load()
    if image.mode == "P" and image.palette is None:
        raise ValueError("has pixels that number the colours of a palette, and no palette")
    return key, frame, conversion(image)


def _is_cmyk(colours: "ImageCmsTransform | None") -> bool:
    return colours is not None and colours.input_mode == "CMYK"


def _is_grey(colours: "ImageCmsTransform | None") -> bool:
    return colours is not None and colours.input_mode == "L"


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, Image.DecompressionBombError):
        return f"is too large: {error}"
    return str(error).strip() or f"is damaged ({type(error).__name__} in Pillow)"
