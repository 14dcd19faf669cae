"""From a file, or from a Pillow image, to a photo: upright pixels, decoded no larger than they are needed."""

import io
import os
import stat
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from PIL import Image

from fashionsdk.photos._colours import conversion
from fashionsdk.photos._image_locks import alone
from fashionsdk.photos._modes import converter, on_canvas, to_rgb
from fashionsdk.photos._quiet import silence_libtiff
from fashionsdk.photos._strips import STRIP_BYTES, STRIPS_FROM, InStrips, PhotoInStrips, as_it_is
from fashionsdk.photos._transparency import Box, Key, first_frame, transparent_key, with_alpha
from fashionsdk.photos._upright import Box as Place
from fashionsdk.photos._upright import Photo, turn_of, turned_size, upright
from fashionsdk.photos.containers import identify, inspect, open_header
from fashionsdk.photos.geometry import Size
from fashionsdk.photos.limits import check_demand, check_file, check_size, hold_while_reading, image_bytes

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

# From the size of an upright photo to the width and height that it keeps at least, or to None for all.
Keep: TypeAlias = Callable[[Size], Size | None]


def read_image(
    source: str | Path | bytes | Image.Image, keep: Keep | None, held: ExitStack, *, in_strips: bool
) -> Photo | PhotoInStrips:
    """Return the photo in a file, in a file's bytes or in a Pillow image.

    Args:
        source: the path, the bytes or the image.
        keep: what a JPEG file must keep once it is decoded; None for all.
        held: holds the bytes that reading takes.
        in_strips: whether a large photo may be given as `PhotoInStrips`.

    Raises:
        ImageError: the file says so itself.
        Exception: Pillow's readers raise whatever they raise on damaged files.
    """
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
