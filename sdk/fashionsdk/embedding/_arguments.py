"""What callers give an embedder: a bundle, images, a stream. Of another type, the error says what was expected."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from fashionsdk.bundle import Bundle
from fashionsdk.embedding._reading import Pixels
from fashionsdk.photos import Cutout, ImageSource, PixelBox


def opened_bundle(bundle: object) -> Bundle:
    """Return the bundle, or the one at this path.

    Raises:
        BundleError: as `Bundle.open`.
        TypeError: it is neither.
    """
    if isinstance(bundle, Bundle):
        return bundle
    if not isinstance(bundle, (str, Path)):
        raise TypeError(f"bundle is {type(bundle).__name__}; expected a Bundle or its path")
    return Bundle.open(bundle)


def as_sources(images: ImageSource | Sequence[ImageSource], box: PixelBox | None) -> Sequence[ImageSource] | Pixels:
    """Return one image or several as several; with a box, the garment in it.

    Raises:
        TypeError: ``images`` is neither.
        ValueError: a box for more than one image, or no box.
    """
    sources = _as_sequence(images)
    if box is None:
        return sources
    if len(sources) != 1:
        raise ValueError(f"box for {len(sources)} images; expected one image, or a Cutout for each garment")
    return [Cutout(sources[0], box)]


def _as_sequence(images: ImageSource | Sequence[ImageSource]) -> Sequence[ImageSource] | Pixels:
    if isinstance(images, np.ndarray):
        return images if images.ndim == 4 else [images]
    if isinstance(images, Sequence) and not isinstance(images, (str, bytes, bytearray, memoryview)):
        return images
    if isinstance(images, (str, Path, bytes, Image.Image, Cutout)):
        return [images]
    raise TypeError(
        f"images is {type(images).__name__}; expected an image or a sequence of images; for a stream use embed_many"
    )


def check_stream(sources: object, on_error: str) -> None:
    """Check what `Embedder.embed_many` is given.

    Raises:
        TypeError: ``sources`` is a single image, or no iterable.
        ValueError: ``on_error`` is no choice.
    """
    if on_error not in ("raise", "skip"):
        raise ValueError(f"on_error is {on_error!r}; expected 'raise' or 'skip'")
    if isinstance(sources, (str, bytes)) or (isinstance(sources, np.ndarray) and sources.ndim != 4):
        raise TypeError("sources is a single image; expected an iterable of images, or use embed")
    try:
        iter(sources)  # type: ignore[call-overload]  # what has only __getitem__ is no Iterable, but can be iterated
    except TypeError as error:
        raise TypeError(f"sources is {type(sources).__name__}; expected an iterable of images") from error
