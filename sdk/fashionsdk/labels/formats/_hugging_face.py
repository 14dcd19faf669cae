"""Reads Hugging Face image folders: ``metadata.csv``, ``.jsonl`` or ``.parquet``, and splits that are folders."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from fashionsdk.errors import LabelsError
from fashionsdk.labels._csv_reader import CsvTable, read_csv
from fashionsdk.labels.formats._json_lines import read_json_lines
from fashionsdk.labels.formats._parquet import read_parquet
from fashionsdk.labels.formats._table_rows import (
    SPLIT_FOLDERS,
    TableRows,
    leaves_folder,
    split_of,
    with_house_names,
)

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
DEEPEST = 2  # folders between the data set's and a metadata file: data/train/metadata.csv


def metadata_files(folder: Path) -> list[Path]:
    """Return a folder's metadata files, its own first, then those of folders in it."""
    return sorted(_metadata_files(folder), key=lambda path: (len(path.parts), path))


def _metadata_files(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent) / name for name in METADATA if name in files)
        if len(Path(parent).relative_to(folder).parts) == DEEPEST:
            folders.clear()


def read_hugging_face(path: Path, photos: Path | None) -> TableRows:
    """Read the metadata files of a folder as one table. Paths in each are relative to its own folder.

    A photo's split is its row's column ``split``, or the first folder of its path that names one: ``validation`` is
    read as ``valid``.

    Args:
        path: the folder, or one metadata file.
        photos: the folder that paths are relative to, instead of the metadata files' own.

    Raises:
        LabelsError: there is no metadata file or there are two in one folder, one cannot be read or names no photos,
            or a path leaves the folder.
    """
    files = metadata_files(path) if path.is_dir() else [path]
    root = photos or (path if path.is_dir() else path.parent)
    if not files:
        raise LabelsError(f"{path}: no {', '.join(METADATA)} here; expected one, as Hugging Face's image folders have")
    if twice := [folder for folder, count in Counter(file.parent for file in files).items() if count > 1]:
        raise LabelsError(f"{twice[0]}: two metadata files; expected one of {', '.join(METADATA)}")
    tables, notes = [], []
    for file in files:
        table, more = _read(file)
        below = PurePosixPath() if photos else PurePosixPath(file.parent.relative_to(root).as_posix())
        tables.append(_below(table, below))
        notes += [f"{file.name}: {note}" for note in more]
    joined = tables[0] if len(tables) == 1 else _joined(path, tables)
    if len(tables) > 1:
        starts = (
            f"{file.relative_to(root)} from line {start}" for file, start in zip(files, _starts(tables), strict=True)
        )
        notes.append(f"{len(files)} metadata files are read as one table, lines counted through: {', '.join(starts)}")
    split, more = _with_splits(joined)
    return TableRows(split, root, notes=(*notes, *more))


def _read(path: Path) -> tuple[CsvTable, list[str]]:
    match path.suffix:
        case ".jsonl":
            table, notes = read_json_lines(path)
        case ".parquet":
            table, notes = read_parquet(path)
        case _:
            table, notes = read_csv(path), []
    table = with_house_names(table)
    if "image" not in table.columns:
        raise table.column_error("no column 'file_name'", "file_name with the photos' paths, one a row")
    return table, notes


def _below(table: CsvTable, folder: PurePosixPath) -> CsvTable:
    """Return the table with its images as paths from the data set's folder, of which ``folder`` is its own."""
    place, rows = table.columns.index("image"), []
    for line, cells in table.rows:
        image = cells[place].strip()
        if not image or leaves_folder(image):
            raise table.line_error(line, f"file_name is {image!r:.200}; expected the path of a photo in this folder")
        rows.append((line, (*cells[:place], str(folder / image), *cells[place + 1 :])))
    return CsvTable(table.path, table.columns, tuple(rows))


def _starts(tables: list[CsvTable]) -> list[int]:
    """Return the line that each table's first line is, if lines are counted through all of them."""
    starts = [1]
    for table in tables[:-1]:
        starts.append(starts[-1] + max((line for line, _ in table.rows), default=0))
    return starts


def _joined(path: Path, tables: list[CsvTable]) -> CsvTable:
    columns = tuple(dict.fromkeys(name for table in tables for name in table.columns))
    rows = []
    for table, start in zip(tables, _starts(tables), strict=True):
        places = {name: n for n, name in enumerate(table.columns)}
        for line, cells in table.rows:
            rows.append((line + start - 1, tuple(cells[places[c]] if c in places else "" for c in columns)))
    return CsvTable(path, columns, tuple(rows))


def _with_splits(table: CsvTable) -> tuple[CsvTable, list[str]]:
    """Return the table with a column ``split`` from the photos' folders, if it has none and they name some."""
    if "split" in table.columns:
        return table, []
    place = table.columns.index("image")
    splits = [split_of(cells[place]) or split_of(cells[place].partition("/")[2]) for _, cells in table.rows]
    if not any(splits):
        return table, []
    rows = tuple((line, (*cells, split)) for (line, cells), split in zip(table.rows, splits, strict=True))
    folders = {cells[place].split("/")[0].lower() for _, cells in table.rows} & set(SPLIT_FOLDERS)
    renamed = [
        f"{folder!r} is read as {SPLIT_FOLDERS[folder]!r}"
        for folder in sorted(folders)
        if SPLIT_FOLDERS[folder] != folder
    ]
    counts = Counter(splits)
    said = ", ".join(f"{split or 'none'!r} ({count})" for split, count in counts.items())
    notes = [f"the photos' folders name the splits: {said}{''.join(f'; {each}' for each in renamed)}"]
    return CsvTable(table.path, (*table.columns, "split"), rows), notes
