"""The rows of a label table, for the programs that make another of it."""

from pathlib import Path

from fashionsdk.labels import read_csv


def read_rows(table: Path, split: str) -> list[dict[str, str]]:
    """Return the rows of one split, column to cell."""
    text = read_csv(table)
    rows = (dict(zip(text.columns, cells, strict=True)) for _, cells in text.rows)
    return [row for row in rows if row["split"] == split]
