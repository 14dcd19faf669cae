"""Finds the photo that a table means: its path may be written as on Windows, or in another Unicode form."""

import os
from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize


def found_path(root: Path, image: str) -> str:
    r"""Return ``image`` as a file of ``root`` is called: as it is, with ``/`` for ``\``, or in another Unicode form.

    If there is no such file either, it stays as it is. A path in ASCII without ``\`` is not looked up.
    """
    if image.isascii() and "\\" not in image:
        return image
    return next((path for path in _spellings(image) if os.path.exists(root / path)), image)


def _spellings(image: str) -> Iterator[str]:
    for path in dict.fromkeys((image, image.replace("\\", "/"))):
        yield from dict.fromkeys((path, normalize("NFC", path), normalize("NFD", path)))


def same_path(root: Path, image: str) -> str:
    """Return a path that is equal for all spellings of ``image``, such as ``./a.jpg`` and ``x/../a.jpg``."""
    normal = os.path.normpath(image)
    if ".." not in image or ".." not in Path(image).parts:
        return normal
    return os.path.relpath(os.path.realpath(root / image), os.path.realpath(root))  # x may be a link to elsewhere
