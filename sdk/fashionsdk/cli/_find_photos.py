"""Finds the photos that a command line names: files, folders, lists of paths and label tables."""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fashionsdk._tools.files.photo_names import EXTENSIONS, is_photo
from fashionsdk.errors import FashionSDKError, LabelsError

_TELLING = re.compile(r"\.[a-z][a-z0-9]{0,9}", re.IGNORECASE)  # an ending that names a kind of file
UNNAMED = "by their content"  # what is said of files whose name has no such ending


@dataclass
class PhotoList:
    """The photos of a command line.

    Attributes:
        photos: their paths, each once.
        unreadable: folder -> why it could not be searched.
        left_out: kind of file -> how many of it the folders hold that are no photos; kinds are endings, or ``UNNAMED``.
    """

    photos: list[str]
    unreadable: dict[str, str]
    left_out: Mapping[str, int] = field(default_factory=dict)


def find_photos(paths: Sequence[str], *, on_error: str = "skip") -> PhotoList:
    """Return the files of ``paths``, and the photos in its folders, sorted within each folder; each path once.

    A file may have any name. In a folder, the ending of a name tells whether it is a photo. Where a name has none, or
    one like that of ``photo.jpg?v=2``, the file's first bytes do. Hidden files and folders within a folder are left
    out. Links to folders are followed after the rest. No folder is searched twice, so links may form a circle.

    Args:
        paths: files and folders.
        on_error: ``"raise"`` to raise an error for a folder that cannot be searched.

    Raises:
        FashionSDKError: there is no photo, or a folder cannot be searched.
    """
    search = _Search()
    photos = list[str]()
    for path in map(plain, paths):
        photos += search(path) if os.path.isdir(path) else [path]
    if search.unreadable and (on_error == "raise" or not photos):
        folder, reason = next(iter(search.unreadable.items()))
        raise FashionSDKError(f"cannot search the folder {folder}: {reason}")
    if not photos:
        others = f", which holds {counted(search.left_out)}" if search.left_out else ""
        raise FashionSDKError(
            f"no photos in {', '.join(paths)}{others}; expected files ending in {', '.join(sorted(EXTENSIONS))}"
        )
    left_out = dict(sorted(search.left_out.items(), key=lambda kind: (-kind[1], kind[0])))
    return PhotoList(list(dict.fromkeys(photos)), search.unreadable, left_out)


def counted(left_out: Mapping[str, int]) -> str:
    """Return in words how many files of each kind there are."""
    return ", ".join(f"{count:,} {kind}" for kind, count in left_out.items())


def plain(path: str) -> str:
    """Return the path without ``./``, ``//`` and ``x/..`` if that names the same file, else the path."""
    normal = os.path.normpath(path)
    return normal if os.path.realpath(normal) == os.path.realpath(path) else path  # x may be a link


def listed_paths(source: str) -> list[str]:
    """Return the paths that a file lists, one a line, or with zero bytes between them as ``find -print0`` writes them.

    Args:
        source: the file; ``-`` for standard input.

    Raises:
        FashionSDKError: the file cannot be read, or lists nothing.
    """
    try:
        data = _standard_input() if source == "-" else Path(source).read_bytes()
    except (OSError, ValueError) as error:
        raise FashionSDKError(f"{source}: cannot be read as a list of photos: {error}") from error
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\0" if b"\0" in data else b"\n")
    paths = [os.fsdecode(line.rstrip(b"\r")) for line in lines]
    if not (paths := [path for path in paths if path.strip()]):
        raise FashionSDKError(f"{source}: lists no photo; expected one path a line")
    return paths


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise ValueError("there is no standard input")
    return sys.stdin.buffer.read()


def tabled_paths(data: str, split: str | None, kind: str | None = None) -> list[str]:
    """Return the photos of a label table, or of a folder with one or with index files.

    Args:
        data: the table, or the folder.
        split: whose photos to return; ``None`` for all of a table.
        kind: the table's format, or ``None``.

    Raises:
        LabelsError: the table or the folder cannot be read.
        ValueError: there is no split, and no table either.
    """
    from fashionsdk.labels import LabelSource

    source = LabelSource.open(data, format=kind, splits=split is not None)
    if split is not None:
        labels = source.labels(split)
        labels.check_whole("this command")
        paths = list(labels.paths)
    elif source.table is not None:
        if source.table.boxes(source.table.rows):
            raise LabelsError(f"{data}: has boxes; this command takes whole photos: leave out column 'box'")
        paths = [source.table.root / row["image"] for row in source.table.rows]
    else:
        raise ValueError(f"{data} has no table labels.csv; name the split of its index files with --split")
    return [os.fspath(path) for path in paths]


class _Search:
    """Searches folders, each once.

    Attributes:
        unreadable: folder -> why it could not be searched.
        left_out: kind of file -> how many there are that are no photos.
    """

    def __init__(self) -> None:
        self.unreadable: dict[str, str] = {}
        self.left_out = Counter[str]()
        self._searched: set[str] = set()

    def __call__(self, folder: str) -> Iterator[str]:
        """Yield a folder's photos."""
        starts = [folder]  # grows during the loop
        for start in starts:
            for parent, folders, files in os.walk(start, onerror=self._report):
                real = os.path.realpath(parent)
                folders[:] = [] if real in self._searched else sorted(name for name in folders if not _hidden(name))
                if real not in self._searched:
                    self._searched.add(real)
                    starts += filter(os.path.islink, (os.path.join(parent, name) for name in folders))
                    yield from self._photos(parent.removeprefix(f".{os.sep}"), files)

    def _photos(self, folder: str, files: list[str]) -> Iterator[str]:
        for name in sorted(files):
            path = name if folder == os.curdir else os.path.join(folder, name)
            if is_photo(name) or (not _hidden(name) and not _telling(name) and _begins_as_photo(path)):
                yield path
            elif not _hidden(name):
                self.left_out[Path(name).suffix.lower() if _telling(name) else UNNAMED] += 1

    def _report(self, error: OSError) -> None:
        self.unreadable[str(error.filename)] = error.strerror or str(error)


def _hidden(name: str) -> bool:
    return name.startswith(".")


def _telling(name: str) -> bool:
    """Tell whether a name has an ending that names a kind of file."""
    return _TELLING.fullmatch(Path(name).suffix) is not None


def _begins_as_photo(path: str) -> bool:
    """Tell whether a file begins as photos do."""
    try:
        if not os.path.isfile(path):  # a pipe would wait for who writes to it
            return False
        with open(path, "rb") as file:
            head = file.read(16)
    except OSError:
        return False
    container = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    bitmap = head[:2] == b"BM" and head[6:10] == bytes(4)
    picture = head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
    starts = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")
    return container or bitmap or picture or head.startswith(starts)
