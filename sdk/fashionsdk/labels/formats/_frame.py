"""Reads a data frame that a Python program holds. Nothing here imports pandas: the frame brings what is needed."""

import os
from pathlib import Path
from typing import Any

from fashionsdk.labels.formats._table_rows import TableRows, house_rows
from fashionsdk.labels.formats._typed_cells import typed_table

FRAME = Path("<frame>")  # stands for the file in messages


def frame_rows(frame: Any, photos: str | os.PathLike[str] | None = None) -> TableRows:
    """Return a pandas frame's rows, counted from 1.

    Args:
        frame: has the columns of a label table. Missing values are blank cells. Its index is ignored.
        photos: the folder that its paths are relative to; the current one without it.

    Raises:
        TypeError: it is no frame.
        LabelsError: a name stands over two columns, or a text is not Unicode.
    """
    if not (hasattr(frame, "iloc") and hasattr(frame, "columns")):
        raise TypeError(f"frame is {type(frame).__name__}; expected a pandas.DataFrame")
    count = len(frame)
    columns = [(str(name).strip(), _values(frame.iloc[:, place])) for place, name in enumerate(frame.columns)]
    table, notes = typed_table(FRAME, columns, range(1, count + 1))
    return house_rows(table, Path(photos or "."), notes)


def _values(column: Any) -> list[Any]:
    missing = column.isna().tolist()
    return [None if blank else value for value, blank in zip(column.tolist(), missing, strict=True)]
