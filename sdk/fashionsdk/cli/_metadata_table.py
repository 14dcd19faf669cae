"""Reads the metadata that comes back with each match from a CSV table."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fashionsdk.cli._output import note
from fashionsdk.errors import LabelsError

if TYPE_CHECKING:
    from fashionsdk.labels import CsvTable

KEY_COLUMNS = ("photo", "image")  # the first that the table has


def read_metadata(path: str, photos: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return each photo's row as column -> text, and count on stderr photos without a row and rows without a photo.

    Raises:
        LabelsError: as `fashionsdk.labels.read_csv`, the table has no column of photos, two rows are about one
            photo, or no row names one of the photos.
    """
    from fashionsdk.labels import read_csv

    rows = _rows_by_photo(read_csv(path))
    indexed = set(photos)
    if not rows.keys() & indexed:
        raise LabelsError(
            f"{path}: none of its {len(rows)} rows names a photo that is indexed; "
            f"expected paths as given to 'fashionsdk index', such as {photos[0]}"
        )
    if unused := len(rows.keys() - indexed):
        note(f"{path}: {unused} of {len(rows)} rows name no photo that is indexed")
    if missing := len(indexed - rows.keys()):
        note(f"{path}: no row for {missing} of {len(photos)} photos; their metadata is empty")
    return rows


def _rows_by_photo(table: "CsvTable") -> dict[str, dict[str, str]]:
    key_column = next((name for name in KEY_COLUMNS if name in table.columns), None)
    if key_column is None:
        raise table.column_error(
            f"no column {' or '.join(map(repr, KEY_COLUMNS))}",
            "one of them, with the photos' paths as given to 'fashionsdk index'",
        )
    rows = [dict(zip(table.columns, cells, strict=True)) for _, cells in table.rows]
    photos = [os.path.normpath(row.pop(key_column)) for row in rows]  # as the paths of the photos are
    table.check_once((line, repr(photo)) for (line, _), photo in zip(table.rows, photos, strict=True))
    return dict(zip(photos, rows, strict=True))
