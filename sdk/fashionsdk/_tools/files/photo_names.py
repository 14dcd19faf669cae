"""Which files are photos, by their names."""

from pathlib import Path

# Of the formats that are read, and of HEIC, which needs an extra: who lacks it is told so.
EXTENSIONS = frozenset((".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".avif", ".heic", ".heif", ".hif"))
EXTENSIONS |= {".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"}


def is_photo(name: str) -> bool:
    """Say whether a file in a folder is taken for a photo, by its name. Hidden files are not."""
    return Path(name).suffix.lower() in EXTENSIONS and not name.startswith(".")
