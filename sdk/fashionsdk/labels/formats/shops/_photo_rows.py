"""One row a photo, from a shop's rows of products and variants."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fashionsdk._tools.listed import listed
from fashionsdk.errors import LabelsError
from fashionsdk.labels._csv_reader import CsvTable
from fashionsdk.labels.formats._table_rows import MOST_NAMED, TableRows
from fashionsdk.labels.formats.shops._named_photos import NamedPhotos, photo_name


@dataclass(frozen=True)
class ShopPhoto:
    """What a row of a shop's table says about a photo.

    Attributes:
        line: the row's, counted from 1.
        address: the photo's.
        product: what it belongs to.
        cells: column -> value.
    """

    line: int
    address: str
    product: str
    cells: Mapping[str, str]


def photo_rows(
    path: Path, kind: str, photos: Iterable[ShopPhoto], folder: Path, columns: Sequence[str], chosen: Sequence[str]
) -> TableRows:
    """Return a label table of the photos that are in a folder, each once, in the order of their first rows.

    A value that the rows of one photo do not agree on is blank.

    Args:
        path: the table, for messages.
        kind: what it is, in words.
        photos: what its rows say.
        folder: of the photos.
        columns: the names of all cells.
        chosen: those that are attributes by default.

    Raises:
        LabelsError: no photo is in the folder.
    """
    merged = _Merged(NamedPhotos(folder))
    for photo in photos:
        merged.add(photo)
    if not merged.photos:
        names = merged.missing or merged.ambiguous
        such = f", such as {next(iter(names))} (line {next(iter(names.values()))})" if names else ""
        raise LabelsError(
            f"{path}: none of its {len(names)} photos is in the folder {folder}{such}; download the photos and name "
            "their folder with --photos, nothing is downloaded here"
        )
    rows = tuple(
        (first.line, (image, first.product, *(first.cells.get(name, "") for name in columns)))
        for image, first in merged.photos.items()
    )
    seen = {name for photo in merged.photos.values() for name, value in photo.cells.items() if value}
    used = tuple(name for name in chosen if name in seen)
    others = [name for name in columns if name in seen and name not in used]
    notes = [
        f"read as {kind}; attributes: {listed(used, MOST_NAMED) or 'none'}{_choice(others)}",
        *merged.notes(chosen),
    ]
    return TableRows(CsvTable(path, ("image", "product", *columns), rows), folder, used, tuple(notes))


def _choice(others: Sequence[str]) -> str:
    return f"; to use others, name all that you want with --attribute: {listed(others, MOST_NAMED)}" if others else ""


class _Merged:
    """Photos by their files, and what stands against each other.

    Attributes:
        photos: file -> what its rows say together.
        missing: name -> line, of photos that are not in the folder.
        ambiguous: name -> line, of names that several files have.
    """

    def __init__(self, files: NamedPhotos) -> None:
        self.photos: dict[str, ShopPhoto] = {}
        self.missing: dict[str, int] = {}
        self.ambiguous: dict[str, int] = {}
        self._files, self._shared = files, dict[str, int]()
        self._differing = Counter[str]()
        self._contradicted: set[tuple[str, str]] = set()

    def add(self, photo: ShopPhoto) -> None:
        """Take what a row says, unless its photo is not in the folder."""
        found = self._files.find(photo.address, photo.product)
        if len(found) != 1:
            (self.ambiguous if found else self.missing).setdefault(photo_name(photo.address), photo.line)
            return
        first = self.photos.get(found[0])
        if first is None:
            self.photos[found[0]] = photo
            return
        if first.product != photo.product:
            self._shared.setdefault(found[0], photo.line)
        cells = {name: self._agreed(found[0], name, first, photo) for name in first.cells.keys() | photo.cells.keys()}
        self.photos[found[0]] = ShopPhoto(first.line, first.address, first.product, cells)

    def _agreed(self, image: str, name: str, first: ShopPhoto, other: ShopPhoto) -> str:
        one, two = first.cells.get(name, ""), other.cells.get(name, "")
        if (image, name) in self._contradicted:
            return ""
        if one and two and one != two:
            self._contradicted.add((image, name))
            self._differing[name] += 1
            return ""
        return one or two

    def notes(self, chosen: Sequence[str]) -> list[str]:
        """Return a sentence for each kind of row or cell that is left out."""
        folder = self._files.folder
        found = [
            (self.missing, f"photos are not in the folder {folder} and are left out"),
            (self.ambiguous, f"photos are left out, for several files in {folder} have their name"),
            (self._shared, "photos belong to several products; the first row's counts"),
        ]
        notes = [
            f"{len(names)} {what}, such as {next(iter(names))} (line {next(iter(names.values()))})"
            for names, what in found
            if names
        ]
        differing = {name: count for name, count in self._differing.items() if name in chosen}
        return notes + [
            f"column {name!r}: the rows of {count} photos name different values, which count as blank"
            for name, count in sorted(differing.items())
        ]
