"""Find the photos that a command line names."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fashionsdk.errors import FashionSDKError

EXTENSIONS = frozenset((".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".avif", ".bmp", ".tif", ".tiff", ".ppm"))


@dataclass
class Found:
    """What a search for photos came to.

    Attributes:
        photos: the paths, each once.
        unreadable: folder -> why it could not be searched.
    """

    photos: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


def find_photos(paths: Sequence[str], *, on_error: str = "skip") -> Found:
    """Return the files named, and the photos in the folders named, sorted within each; each path once.

    A file is taken whatever its name; reading it will tell. Hidden files and folders within a folder are left out.
    Links to folders are followed after the rest, and no folder is searched twice, so links may form a circle.

    Args:
        paths: files and folders.
        on_error: ``"raise"`` to stop at a folder that cannot be searched.

    Raises:
        FashionSDKError: there is no photo, or a folder cannot be searched.
    """
    found, searched = Found(), set[str]()
    for path in map(plain, paths):
        found.photos += _search(path, searched, found.unreadable) if os.path.isdir(path) else [path]
    if found.unreadable and (on_error == "raise" or not found.photos):
        folder, reason = next(iter(found.unreadable.items()))
        raise FashionSDKError(f"cannot search the folder {folder}: {reason}")
    if not found.photos:
        raise FashionSDKError(
            f"no photos in {', '.join(paths)}; expected files ending in {', '.join(sorted(EXTENSIONS))}"
        )
    found.photos = list(dict.fromkeys(found.photos))
    return found


def plain(path: str) -> str:
    """Return the path without ``./``, ``//`` and ``x/..``, as long as that names the same file."""
    normal = os.path.normpath(path)
    return normal if os.path.realpath(normal) == os.path.realpath(path) else path  # x may be a link


def _search(folder: str, searched: set[str], unreadable: dict[str, str]) -> Iterator[str]:
    def report(error: OSError) -> None:
        unreadable[str(error.filename)] = error.strerror or str(error)

    starts = [folder]  # grows while it is worked through
    for start in starts:
        for parent, folders, files in os.walk(start, onerror=report):
            real = os.path.realpath(parent)
            folders[:] = [] if real in searched else sorted(name for name in folders if not name.startswith("."))
            if real not in searched:
                searched.add(real)
                starts += filter(os.path.islink, (os.path.join(parent, name) for name in folders))
                yield from (os.path.join(parent, name) for name in sorted(files) if _is_photo(name))


def _is_photo(name: str) -> bool:
    return Path(name).suffix.lower() in EXTENSIONS and not name.startswith(".")
