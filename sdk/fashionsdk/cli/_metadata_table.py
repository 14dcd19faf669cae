"""Reads the metadata that comes back with each match from a CSV table."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias
from unicodedata import normalize

from fashionsdk.cli._output import note
from fashionsdk.errors import LabelsError

if TYPE_CHECKING:
    from fashionsdk.labels import CsvTable

KEY_COLUMNS = ("photo", "image", "key")  # the first that the table has
EXACT = 2**53  # whole numbers up to here are exact in every reader of JSON
_INTEGER, _DECIMAL = re.compile(r"-?\d{1,16}", re.ASCII), re.compile(r"-?\d+\.\d+", re.ASCII)

Value: TypeAlias = str | int | float


def read_metadata(path: str, photos: Sequence[str]) -> dict[str, dict[str, Value]]:
    """Return each photo's row as column -> value, and count on stderr photos without a row and rows without a photo.

    A column of numbers gives numbers, see `column_values`; every other one gives text.

    Raises:
        LabelsError: as `fashionsdk.labels.read_csv`, the table has no column of photos, one has no name, two rows are
            about one photo, or no row names one of the photos.
    """
    rows = metadata_rows(path, photos, "'fashionsdk index'")
    indexed = set(photos)
    if unused := len(rows.keys() - indexed):
        note(f"{path}: {unused} of {len(rows)} rows name no photo that is indexed")
    if missing := len(indexed - rows.keys()):
        note(f"{path}: no row for {missing} of {len(photos)} photos; their metadata is empty")
    return rows


def metadata_rows(path: str, keys: Sequence[str], command: str) -> dict[str, dict[str, Value]]:
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


def column_values(cells: Sequence[str]) -> Sequence[Value]:
    """Return a column's cells as numbers if each can be written back from its number as it stands, else as they are.

    So ``12``, ``3.5`` and prices with two decimals each are numbers. ``007``, ``1e5``, ``+1`` and ``nan`` are not, nor
    is any cell of their column; nor ``1.10`` beside ``1.1``, which may be versions. Blank cells stay blank.
    """
    decimals = {len(cell.partition(".")[2]) for cell in cells if _DECIMAL.fullmatch(cell)}
    places = decimals.pop() if len(decimals) == 1 else None
    values = [cell if not cell else _number(cell, places) for cell in cells]
    return cells if None in values else [value for value in values if value is not None]


def _number(cell: str, places: int | None) -> int | float | None:
    """Return the number that a cell is, None if it is none; ``places`` is how many decimals all of the column have."""
    if _INTEGER.fullmatch(cell):
        whole = int(cell)
        return whole if str(whole) == cell and abs(whole) <= EXACT else None
    if _DECIMAL.fullmatch(cell):
        number = float(cell)
        return number if cell == (repr(number) if places is None else f"{number:.{places}f}") else None
    return None


def _rows_by_photo(table: "CsvTable", photos: Mapping[str, str]) -> dict[str, dict[str, Value]]:
    """Return each row under its photo's path; ``photos`` has the indexed ones by their Unicode form."""
    key_column = next((name for name in KEY_COLUMNS if name in table.columns), None)
    if key_column is None:
        raise table.column_error(
            f"no column {' or '.join(map(repr, KEY_COLUMNS))}",
            "one of them, with the photos' paths as given to 'fashionsdk index'",
        )
    if "" in table.columns:
        raise table.column_error(f"column {table.columns.index('') + 1} has no name", "a name for each column")
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
