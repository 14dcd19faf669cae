"""Transparency that a file holds and that Pillow leaves out, or gives in other units than the pixels."""

from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageFile

Key: TypeAlias = int | tuple[int, ...] | bytes
Box: TypeAlias = tuple[int, int, int, int]

# How much wider the pixels of a PNG with 2 or 4 bits are than its transparent grey.
_GREY_STEPS = {"L;2": (3, 85), "L;4": (15, 17), "L": (255, 1)}

_CHUNKS_BEFORE_FRAMES = 4  # of a WebP: VP8X, ICCP, ANIM, and the first frame itself

# Bitmaps whose alpha Pillow reads as if it were nothing, and how to read it.
_WITH_ALPHA = {"BGRX": "BGRA", "BGR;15": "BGRA;15"}
_BITFIELDS = 3  # the compression of a BMP file whose head has masks


def transparent_key(image: Image.Image) -> Key | None:
    """Return the value that is transparent, in the units of the image's pixels; best before the image is loaded.

    A PNG file gives it in 16 bits, or in as few as its pixels have. Pillow makes 8-bit pixels of them.
    """
    key: Key | None = image.info.get("transparency")
    raw = _tile(image)[3] if image.format == "PNG" and _tile(image) else None
    if isinstance(key, int) and raw in _GREY_STEPS:
        most, step = _GREY_STEPS[raw]
        return (key & most) * step
    if isinstance(key, tuple) and (raw == "RGB;16B" or max(key) > 255):
        return tuple(value >> 8 for value in key)
    return key


def first_frame(image: Image.Image) -> Box | None:
    """Return where the first frame of a GIF or WebP lies, if it leaves a part of the picture empty.

    Of a WebP, only before it is loaded, and only of one without alpha: Pillow knows of the others what is empty.
    """
    box: Box | None = getattr(image, "dispose_extent", None) if image.format == "GIF" else None
    if image.format == "WEBP" and image.mode == "RGB" and isinstance(image, ImageFile.ImageFile):
        box = _first_webp_frame(image.fp)
    if box is None or getattr(image, "tell", int)() != 0 or box == (0, 0, *image.size):
        return None
    return box


def _first_webp_frame(file: Any) -> Box | None:
    """Return where the first frame of an animation lies; its chunk follows those about the whole."""
    if file is None or file.closed:
        return None
    position = 12
    for _ in range(_CHUNKS_BEFORE_FRAMES):
        file.seek(position)
        chunk = file.read(8 + 12)
        name, size = chunk[:4], int.from_bytes(chunk[4:8], "little")
        if name == b"ANMF" and len(chunk) == 8 + 12:
            left, top, width, height = (int.from_bytes(chunk[i : i + 3], "little") for i in range(8, 20, 3))
            return 2 * left, 2 * top, 2 * left + width + 1, 2 * top + height + 1
        position += 8 + size + size % 2
    return None


def with_alpha(image: Image.Image) -> Image.Image:
    """Return a BMP file, opened and not loaded, with the alpha that it holds: as RGBA, or as it was without any."""
    tile: Any = _tile(image) if image.format == "BMP" else None
    if not tile or tile[0] != "raw" or not isinstance(image, ImageFile.ImageFile) or image.fp is None:
        return image
    offset, (raw, stride, direction) = tile[2], tile[3]
    if not _may_have_alpha(image.fp, raw, image.info["compression"]):
        return image
    image.fp.seek(offset)
    data = image.fp.read(stride * image.height)
    if len(data) < stride * image.height or not _any_alpha(data, raw):
        return image
    return Image.frombytes("RGBA", image.size, data, "raw", _WITH_ALPHA[raw], stride, direction)


def _tile(image: Image.Image) -> Any:
    tiles = getattr(image, "tile", None)
    return tiles[0] if tiles else None


def _may_have_alpha(file: Any, raw: str, compression: int) -> bool:
    """Tell whether a file may have alpha in the bits that Pillow takes for unused.

    A head of 56 bytes or more with masks says where alpha lies: in 16-bit pixels, Pillow does not look. Heads that have
    no word for it leave the fourth byte of 32-bit pixels to those who write the file.
    """
    file.seek(14)
    head = file.read(56)
    says = compression == _BITFIELDS and int.from_bytes(head[:4], "little") >= 56
    if raw == "BGR;15":
        return says and int.from_bytes(head[52:56], "little") == 0x8000
    return raw == "BGRX" and not says


def _any_alpha(data: bytes, raw: str) -> bool:
    """Tell whether one pixel is not fully transparent; else the bits are only unused."""
    step = 4 if raw == "BGRX" else 2
    last = np.frombuffer(data, np.uint8)[step - 1 :: step]
    return bool((last if step == 4 else last & 0x80).any())
