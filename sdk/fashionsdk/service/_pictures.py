"""Pictures for people: of photos, and of photos under the attention of the model."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionsdk.evaluation import peak
from fashionsdk.photos import ImageSource, Preprocessing, Size, open_photo
from fashionsdk.report import spread_heat, under_heat

QUALITY = 85


def thumbnail(source: ImageSource, side: int) -> bytes:
    """Return a photo as a JPEG file of at most ``side`` pixels a side; of the original nothing but pixels is left.

    Raises:
        ImageError: the photo cannot be read.
    """
    return _file(_reduced(source, side), "JPEG", quality=QUALITY)


def attention_picture(
    source: ImageSource, attention: NDArray[np.float32], preprocessing: Preprocessing, side: int
) -> bytes:
    """Return a photo under its attention ``(h, w)`` as a PNG file of at most ``side`` pixels a side.

    What the model does not see of the photo has no heat.

    Raises:
        ImageError: the photo cannot be read.
    """
    image = _reduced(source, side)
    place = preprocessing.placement(image.size)
    heat = np.zeros((image.height, image.width))
    seen = tuple(round(edge) for edge in place.seen)
    width, height = max(seen[2] - seen[0], 1), max(seen[3] - seen[1], 1)
    left, top, right, bottom = place.visible
    spread = spread_heat(attention, place.input).astype(np.float32)
    resized = Image.fromarray(spread[top:bottom, left:right]).resize((width, height), Image.Resampling.BILINEAR)
    heat[seen[1] : seen[1] + height, seen[0] : seen[0] + width] = np.clip(np.asarray(resized), 0, 1)
    ring = place.to_photo(peak(attention) * place.input) if attention.max() > 0 else None
    return _file(Image.fromarray(under_heat(np.asarray(image), heat, ring)), "PNG")


def _reduced(source: ImageSource, side: int) -> Image.Image:
    image = open_photo(source, at_least=lambda size: _fitted(size, side)).in_srgb().image
    return image.resize(_fitted(image.size, side), Image.Resampling.LANCZOS) if max(image.size) > side else image


def _fitted(size: Size, side: int) -> Size:
    width, height = (max(round(length * min(side / max(size), 1)), 1) for length in size)
    return width, height


def _file(image: Image.Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    bare = Image.fromarray(np.asarray(image))  # without the file's comment, which Pillow would write again
    bare.save(buffer, form, **options)
    return buffer.getvalue()
