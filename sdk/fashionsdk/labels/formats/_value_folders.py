"""Reads photos that lie in folders by value: ``[split/]attribute/value/photo.jpg``, or ``[split/]value/photo.jpg``."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from fashionsdk._tools.files.photo_names import is_photo
from fashionsdk._tools.listed import listed
from fashionsdk.errors import LabelsError
from fashionsdk.labels._columns import RESERVED
from fashionsdk.labels._csv_reader import CsvTable
from fashionsdk.labels.formats._table_rows import MOST_NAMED, SPLIT_FOLDERS, TableRows, split_of

LAYOUT = "expected ATTRIBUTE/VALUE/photo.jpg or VALUE/photo.jpg, each perhaps below a folder for the split"
DEEPEST = 3  # folders above a photo: split, attribute, value


def holds_value_folders(folder: Path) -> bool:
    """Tell whether a folder has photos in folders of folders."""
    return next(_photos(folder), None) is not None


def read_value_folders(folder: Path, attributes: Sequence[str] | None) -> TableRows:
    """Read a folder's photos. Each has one attribute: where it lies says which value.

    Args:
        folder: the upper one.
        attributes: if values lie there without an attribute above, its name alone.

    Raises:
        LabelsError: there is no photo, values are without an attribute's name, or a name is taken.
    """
    photos = list(_photos(folder))
    splits = [split_of(photo) for photo in photos]
    parts = [photo.split("/")[1 if split else 0 : -1] for photo, split in zip(photos, splits, strict=True)]
    depths = Counter(map(len, parts))
    deep = 2 if depths[2] else 1
    if not depths[deep]:
        raise LabelsError(f"{folder}: no photos in folders of values; {LAYOUT}")
    if deep == 1 and (attributes is None or len(attributes) != 1):
        values = sorted({part[0] for part in parts if len(part) == 1})
        raise LabelsError(
            f"{folder}: its folders are values ({listed(values, MOST_NAMED)}) of an attribute without a name; name it "
            "with --attribute NAME"
        )
    entries = [
        (photo, split, [attributes[0], *part] if deep == 1 and attributes else part)
        for photo, split, part in zip(photos, splits, parts, strict=True)
        if len(part) == deep
    ]
    return _table(folder, entries, len(photos) - len(entries))


def _table(folder: Path, entries: Sequence[tuple[str, str, Sequence[str]]], elsewhere: int) -> TableRows:
    names = tuple(sorted({part[0] for _, _, part in entries}))
    if taken := [name for name in names if name.lower() in RESERVED]:
        raise LabelsError(f"{folder}: a folder is called {taken[0]!r}, which is no attribute's name; {LAYOUT}")
    with_splits = any(split for _, split, _ in entries)
    columns = ("image", *(["split"] if with_splits else []), *names)
    rows = [
        (number, (photo, *([split] if with_splits else []), *(value if name == part[0] else "" for name in names)))
        for number, (photo, split, part) in enumerate(entries, start=1)
        for value in (part[1],)
    ]
    notes = [f"read as folders by value; attributes: {listed(names, MOST_NAMED)}"]
    folders = {photo.split("/")[0] for photo, split, _ in entries if split}
    notes += [
        f"the folder {name!r} is read as split {SPLIT_FOLDERS[name.lower()]!r}"
        for name in sorted(folders)
        if SPLIT_FOLDERS[name.lower()] != name
    ]
    if elsewhere:
        notes.append(f"{elsewhere} photos lie in other folders and are left out; {LAYOUT}")
    return TableRows(CsvTable(folder, columns, tuple(rows)), folder, names, tuple(notes))


def _photos(folder: Path) -> Iterator[str]:
    """Yield the photos in folders of ``folder``, sorted within each, as paths with slashes; hidden ones are not."""
    for parent, folders, files in os.walk(folder):
        inner = Path(parent).relative_to(folder)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(inner.parts) == DEEPEST:
            folders.clear()
        if inner.parts:
            yield from ((inner / name).as_posix() for name in sorted(files) if is_photo(name))
