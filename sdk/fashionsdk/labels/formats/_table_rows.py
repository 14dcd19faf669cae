"""What every format's reader returns, and what readers share: names of columns and splits, paths within a folder."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fashionsdk.labels._columns import house_name
from fashionsdk.labels._csv_reader import CsvTable, check_names

MOST_NAMED = 12  # columns, folders or values in one sentence
IMAGE_COLUMNS = ("image", "file_name", "photo")  # the first that a table has
# What folders of splits are called, and by what name this project's commands know the split.
SPLIT_FOLDERS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}


@dataclass(frozen=True)
class TableRows:
    """A label table, whatever its format.

    Attributes:
        text: the table as text. Columns that are no attributes are called ``image``, ``split``, ``product``, ``role``
            and ``box``; a format that does not have one leaves it out.
        root: the folder that images are relative to.
        chosen: the columns that are attributes by default; None if their values decide.
        notes: what the user should know of how it was read, a sentence each.
    """

    text: CsvTable
    root: Path
    chosen: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def house_rows(text: CsvTable, photos: Path | None, notes: Sequence[str] = ()) -> TableRows:
    """Return a table whose columns are those of a label table already; the photo's may be called otherwise."""
    return TableRows(with_house_names(text), photos or text.path.parent, notes=tuple(notes))


def with_house_names(text: CsvTable) -> CsvTable:
    """Return the table with its columns called as in a label table.

    Raises:
        LabelsError: two columns have one name then.
    """
    names = [house_name(name) for name in text.columns]
    lowered = [name.lower() for name in names]
    image = next((name for name in IMAGE_COLUMNS if name in lowered), None)
    if image is not None and image != "image":
        names[lowered.index(image)] = "image"
    renamed = replace(text, columns=tuple(names))
    check_names(renamed)
    return renamed


def split_of(path: str) -> str:
    """Return the split that a photo's first folder names, "" for none."""
    folder, slash, _ = path.partition("/")
    return SPLIT_FOLDERS.get(folder.lower(), "") if slash else ""


def leaves_folder(path: str) -> bool:
    """Tell whether a relative path leads out of its folder, or is none."""
    normal = os.path.normpath(path.replace("\\", "/"))
    drive = len(normal) > 1 and normal[1] == ":"
    return os.path.isabs(normal) or normal.split("/")[0] == os.pardir or drive or "\0" in normal
