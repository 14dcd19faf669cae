"""The rows of a label table, read and written by the programs that prepare one."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from fashionsdk._tools.atomic_file import replacing
from fashionsdk.labels import read_csv


def read_rows(table: Path, split: str) -> list[dict[str, str]]:
    """Return the rows of one split, column to cell."""
    text = read_csv(table)
    rows = (dict(zip(text.columns, cells, strict=True)) for _, cells in text.rows)
    return [row for row in rows if row["split"] == split]


def write_rows(table: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    """Write a table; a column that a row lacks is blank."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with replacing(table) as stream:
        stream.write(text.getvalue().encode())
