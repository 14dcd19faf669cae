"""Reads the metadata that comes back with each match from a CSV table."""

import argparse
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from unicodedata import normalize

from fashionsdk.cli._options import nonblank
from fashionsdk.cli._output import note
from fashionsdk.errors import LabelsError

if TYPE_CHECKING:
    from fashionsdk.labels import CellValue, CsvTable

KEY_COLUMNS = ("photo", "image", "key")  # the first that the table has


def add_metadata_option(parser: argparse.ArgumentParser) -> None:
    """Add the table of the metadata that new items get."""
    parser.add_argument(
        "--metadata",
        type=nonblank,
        metavar="CSV",
        help="table whose column 'photo', 'image' or 'key' holds keys. Its other columns are stored as the items' "
        "metadata",
    )


def read_metadata(path: str | None, photos: Sequence[str]) -> dict[str, dict[str, "CellValue"]]:
    """Return each photo's row as column -> value, and count on stderr photos without a row and rows without a photo.

    Without a table there are no rows.

    A column of numbers gives numbers, see `column_values`; every other one gives text.

    Raises:
        LabelsError: as `fashionsdk.labels.read_csv`, the table has no column of photos, one has no name, two rows are
            about one photo, or no row names one of the photos.
    """
    if path is None:
        return {}
    rows = metadata_rows(path, photos, "'fashionsdk index'")
    indexed = set(photos)
    if unused := len(rows.keys() - indexed):
        note(f"{path}: {unused} of {len(rows)} rows name no photo that is indexed")
    if missing := len(indexed - rows.keys()):
        note(f"{path}: no row for {missing} of {len(photos)} photos; their metadata is empty")
    return rows


def metadata_rows(path: str, keys: Sequence[str], command: str) -> dict[str, dict[str, "CellValue"]]:
    """Return each row of a table as column -> value, by the key that it names, be it one of ``keys`` or not.

    Args:
        path: the table.
        keys: keys of items; a row may spell one in another Unicode form, or with backslashes.
        command: what the keys were given to, for the message.

    Raises:
        LabelsError: as `read_metadata`.
    """
    from fashionsdk.labels import named_columns, read_csv

    table, notes = named_columns(read_csv(path))
    for text in notes:
        note(f"{path}: {text}")
    rows = _rows_by_photo(table, {_form(key): key for key in keys})
    if not rows.keys() & set(keys):
        example = f", such as {keys[0]}" if keys else ""
        raise LabelsError(
            f"{path}: none of its {len(rows)} rows names a photo that is indexed; "
            f"expected paths as given to {command}{example}"
        )
    return rows


def _rows_by_photo(table: "CsvTable", photos: Mapping[str, str]) -> dict[str, dict[str, "CellValue"]]:
    """Return each row under its photo's path; ``photos`` has the indexed ones by their Unicode form."""
    key_column = next((name for name in KEY_COLUMNS if name in table.columns), None)
    if key_column is None:
        raise table.column_error(
            f"no column {' or '.join(map(repr, KEY_COLUMNS))}",
            "one of them, with the photos' paths as given to 'fashionsdk index'",
        )
    if "" in table.columns:
        raise table.column_error(f"column {table.columns.index('') + 1} has no name", "a name for each column")
    from fashionsdk.labels import column_values

    columns = {name: [cells[n] for _, cells in table.rows] for n, name in enumerate(table.columns)}
    keys = [_key(cell, photos) for cell in columns.pop(key_column)]
    table.check_once((line, repr(key)) for (line, _), key in zip(table.rows, keys, strict=True))
    values = {name: column_values(cells) for name, cells in columns.items()}
    return {key: {name: values[name][row] for name in values} for row, key in enumerate(keys)}


def _key(cell: str, photos: Mapping[str, str]) -> str:
    r"""Return the indexed photo that a cell names, perhaps with ``\`` for ``/``; else the cell's path."""
    for path in (cell, cell.replace("\\", "/")):
        if (photo := photos.get(_form(path))) is not None:
            return photo
    return os.path.normpath(cell)


def _form(path: str) -> str:
    return normalize("NFC", os.path.normpath(path))
