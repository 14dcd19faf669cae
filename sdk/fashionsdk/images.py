"""From whatever holds a photo to upright 8-bit RGB pixels, or an :class:`ImageError` that says why not."""

import io
import os
import stat
import struct
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from fashionsdk.errors import ImageError

ImageSource: TypeAlias = str | Path | bytes | Image.Image | NDArray[np.uint8]

# 80 megapixels, 240 MB once decoded: more than a camera's, less than a decompression bomb's.
MAX_PIXELS = 80_000_000

# Only these are tried. Pillow's other readers are left out on purpose: one of them starts Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF", "PPM")

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


def open_image(source: ImageSource) -> Image.Image:
    """Return a photo as RGB, 8 bits a channel, turned upright by its EXIF orientation.

    The first frame stands for an animation; transparency is composited on white; 16-bit and floating-point
    grey is scaled to 0 to 255. Colour profiles are not applied. A file cut short is an error as long as the program
    leaves Pillow's ``LOAD_TRUNCATED_IMAGES`` off, which is its default.

    Args:
        source: a path, a file's bytes, a Pillow image, or a uint8 array ``(H, W, 3)`` RGB, ``(H, W, 4)`` RGBA or
            ``(H, W)`` grey.

    Raises:
        ImageError: there is no such file, it is damaged or cut short, not an image in one of ``FORMATS``, or
            larger than ``MAX_PIXELS``.
        TypeError: the source is none of these, or the array is not uint8.
        ValueError: the array has another shape.
    """
    if isinstance(source, np.ndarray):
        return _to_rgb(_from_array(source))
    if not isinstance(source, (str, Path, bytes, Image.Image)):
        raise TypeError(f"got {type(source).__name__}; expected a path, bytes, a Pillow image or a uint8 array")
    try:
        return _open(source)
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


def _open(source: str | Path | bytes | Image.Image) -> Image.Image:
    if isinstance(source, Image.Image):
        return _decode(source)
    if isinstance(source, bytes):
        return _decode(_identify(io.BytesIO(source)))
    if not stat.S_ISREG(mode := os.stat(source).st_mode):
        raise ValueError("is a folder" if stat.S_ISDIR(mode) else "is not a regular file")
    with open(source, "rb") as file:
        return _decode(_identify(file))


def _identify(file: BinaryIO) -> Image.Image:
    """Read the header alone.

    ``Image.open`` is not called: for a large photo it issues a warning, which can only be silenced for the whole
    process at once. What it does otherwise is done here.
    """
    Image.init()
    prefix = file.read(16)
    if not prefix:
        raise ValueError("is empty")
    for name in FORMATS:
        factory, accept = Image.OPEN.get(name, (None, None))
        if factory is None or (accept is not None and accept(prefix) is not True):
            continue
        file.seek(0)
        try:
            return factory(file, "")
        except (SyntaxError, IndexError, TypeError, struct.error) as error:
            raise ValueError(f"cannot be read as {name}: {error}") from error
    raise ValueError(f"is not an image; expected {', '.join(FORMATS)}")


def _decode(image: Image.Image) -> Image.Image:
    pixels = image.width * image.height
    if not 0 < pixels <= MAX_PIXELS:
        raise ValueError(f"has {image.width} x {image.height} pixels; expected 1 to {MAX_PIXELS} in all")
    image.load()
    rgb, turn = _to_rgb(image), _UPRIGHT.get(_orientation(image))
    return rgb if turn is None else rgb.transpose(turn)


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
