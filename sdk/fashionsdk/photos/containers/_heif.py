"""HEIC photos, as iPhones take them: read with pillow-heif where it is installed."""

from typing import Any

from PIL import Image

# The brands of HEVC pictures. A file names one first, or "mif1", which AVIF files do too, and lists more.
_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
HEAD = 256  # bytes of a file that hold the brands


def is_heic(head: bytes) -> bool:
    """Tell whether a file that begins so is HEIC."""
    if head[4:8] != b"ftyp":
        return False
    brands = {head[start : start + 4] for start in (8, *range(16, int.from_bytes(head[:4], "big"), 4)[: len(head)])}
    return bool(brands & _BRANDS) and not brands & {b"avif", b"avis"}


def open_heic(file: Any) -> Image.Image:
    """Open a HEIC file as a Pillow image, which is upright once it is loaded.

    Raises:
        ValueError: pillow-heif is not installed, or cannot read the file.
    """
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise ValueError('is HEIC; run pip install "fashionsdk[heif]" to read it') from error
    try:
        image: Image.Image = HeifImageFile(file, "")
    except SyntaxError as error:
        raise ValueError(f"cannot be read as HEIC: {error}") from error
    return image
