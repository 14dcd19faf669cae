"""Finds the photos that a command line names."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fashionsdk.errors import FashionSDKError

EXTENSIONS = frozenset((".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".avif", ".bmp", ".tif", ".tiff", ".ppm"))


@dataclass
class PhotoList:
    """The photos of a command line.

    Attributes:
        photos: their paths, each once.
        unreadable: folder -> why it could not be searched.
    """

    photos: list[str]
    unreadable: dict[str, str]


def find_photos(paths: Sequence[str], *, on_error: str = "skip") -> PhotoList:
    """Return the files of ``paths``, and the photos in its folders, sorted within each folder; each path once.

    A file may have any name. Hidden files and folders within a folder are left out. Links to folders are followed after
    the rest. No folder is searched twice, so links may form a circle.

    Args:
        paths: files and folders.
        on_error: ``"raise"`` to raise an error for a folder that cannot be searched.

    Raises:
        FashionSDKError: there is no photo, or a folder cannot be searched.
    """
    photos, unreadable, searched = list[str](), dict[str, str](), set[str]()
    for path in map(plain, paths):
        photos += _search(path, searched, unreadable) if os.path.isdir(path) else [path]
    if unreadable and (on_error == "raise" or not photos):
        folder, reason = next(iter(unreadable.items()))
        raise FashionSDKError(f"cannot search the folder {folder}: {reason}")
    if not photos:
        raise FashionSDKError(
            f"no photos in {', '.join(paths)}; expected files ending in {', '.join(sorted(EXTENSIONS))}"
        )
    return PhotoList(list(dict.fromkeys(photos)), unreadable)


def plain(path: str) -> str:
    """Return the path without ``./``, ``//`` and ``x/..`` if that names the same file, else the path."""
    normal = os.path.normpath(path)
    return normal if os.path.realpath(normal) == os.path.realpath(path) else path  # x may be a link


def _search(folder: str, searched: set[str], unreadable: dict[str, str]) -> Iterator[str]:
    def report(error: OSError) -> None:
        unreadable[str(error.filename)] = error.strerror or str(error)

    starts = [folder]  # grows during the loop
    for start in starts:
        for parent, folders, files in os.walk(start, onerror=report):
            real = os.path.realpath(parent)
            folders[:] = [] if real in searched else sorted(name for name in folders if not name.startswith("."))
            if real not in searched:
                searched.add(real)
                starts += filter(os.path.islink, (os.path.join(parent, name) for name in folders))
                yield from (os.path.join(parent, name) for name in sorted(files) if is_photo(name))


def is_photo(name: str) -> bool:
    """Say whether a file in a folder is taken for a photo, by its name."""
    return Path(name).suffix.lower() in EXTENSIONS and not name.startswith(".")
