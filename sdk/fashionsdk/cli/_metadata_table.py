"""Read what should come back with each match from a CSV table."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from fashionsdk.cli._output import note
from fashionsdk.errors import LabelsError

KEY_COLUMNS = ("photo", "image")  # the first that the table has


def read_metadata(path: str, photos: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return each photo's row as column -> text; photos without a row, and rows without a photo, are counted aloud.

    Raises:
        LabelsError: the table is missing, not CSV in UTF-8, lacks a column of keys, a row does not fit, or no row
            names one of the photos.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelsError(f"cannot read {path} as a CSV table in UTF-8: {error}") from error
    entries = _entries(path, rows)
    wanted = set(photos)
    if not entries.keys() & wanted:
        raise LabelsError(
            f"{path}: none of its {len(entries)} rows names a photo that is indexed; "
            f"expected paths as given to 'fashionsdk index', such as {photos[0]}"
        )
    if unused := len(entries.keys() - wanted):
        note(f"{path}: {unused} of {len(entries)} rows name no photo that is indexed")
    if bare := len(wanted - entries.keys()):
        note(f"{path}: no row for {bare} of {len(photos)} photos; their metadata is empty")
    return entries


def _entries(path: str, rows: list[list[str]]) -> dict[str, dict[str, str]]:
    columns = rows[0] if rows else []
    key_column = next((name for name in KEY_COLUMNS if name in columns), None)
    if key_column is None or len(set(columns)) != len(columns):
        raise LabelsError(
            f"{path} has the columns {', '.join(columns) or 'of an empty file'}; "
            f"expected {' or '.join(map(repr, KEY_COLUMNS))}, with the photos' paths as given to "
            "'fashionsdk index', and each column once"
        )
    entries: dict[str, dict[str, str]] = {}
    for number, row in enumerate(rows[1:], 2):
        if not row:
            continue
        if len(row) != len(columns):
            raise LabelsError(f"{path}, row {number} has {len(row)} cells; expected {len(columns)}")
        entry = dict(zip(columns, row, strict=True))
        key = os.path.normpath(entry.pop(key_column))  # as the photos' paths are
        if key in entries:
            raise LabelsError(f"{path}, row {number} names {key!r} again; expected one row per photo")
        entries[key] = entry
    return entries
