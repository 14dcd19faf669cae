"""Text of cells that have a type: numbers, dates, true and false, as JSON, Parquet and frames hold them."""

import math
import os
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from fashionsdk.labels._csv_reader import CsvTable, check_names
from fashionsdk.labels.text import lines_text

NO_TEXT = "lists, objects or bytes, which are no attribute's values"


def cell_text(value: Any) -> str | None:
    """Return the text of a cell: "" for nothing and NaN, None for what no cell can hold: lists, objects, bytes."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    return str(value) if isinstance(value, (str, int, float, Decimal, date, time)) else None


def typed_table(
    path: Path, columns: Mapping[str, Sequence[Any]] | Sequence[tuple[str, Sequence[Any]]], lines: Sequence[int]
) -> tuple[CsvTable, list[str]]:
    """Return columns of values as text, and a note for each that is left out, for its cells are no text.

    Args:
        path: the file, for messages.
        columns: name -> a value for each row; or pairs, if a name may come twice.
        lines: the rows' numbers, counted from 1.

    Raises:
        LabelsError: a name stands over two columns, or a text is not Unicode.
    """
    texts: dict[str, list[str]] = {}
    notes, names = [], []
    for name, values in columns.items() if isinstance(columns, Mapping) else columns:
        cells = [cell_text(value) for value in values]
        held = [line for line, cell in zip(lines, cells, strict=True) if cell is None]
        names.append(name)
        if held:
            notes.append(f"column {name!r} is left out: it holds {NO_TEXT} ({lines_text(held)})")
        else:
            texts[name] = [cell or "" for cell in cells]
    check_names(CsvTable(path, tuple(names), ()))
    rows = zip(lines, zip(*texts.values(), strict=True), strict=True) if texts else ()
    table = CsvTable(path, tuple(texts), tuple(rows))
    _check_unicode(table)
    return table, notes


def _check_unicode(table: CsvTable) -> None:
    for line, cells in table.rows:
        for name, cell in zip(table.columns, cells, strict=True):
            if not cell.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cell):
                raise table.line_error(line, f"{name} is {cell!a:.80}; expected text, which has no half characters")
