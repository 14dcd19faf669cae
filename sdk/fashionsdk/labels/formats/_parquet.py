"""Reads Parquet tables. ``pyarrow`` is loaded only here, and only when there is such a table."""

from pathlib import Path
from typing import Any

from fashionsdk._tools.files.regular_file import open_regular
from fashionsdk.errors import LabelsError
from fashionsdk.labels._csv_reader import CsvTable
from fashionsdk.labels.formats._typed_cells import NO_TEXT, typed_table

MOST_ROWS = 10_000_000  # a file of a few kilobytes can claim any number
MOST_CHARACTERS = 2**17  # of a cell, as in CSV


def read_parquet(path: Path) -> tuple[CsvTable, list[str]]:
    """Return a Parquet table as text, rows counted from 1, and notes about what was left out.

    Columns of lists, objects and bytes are left out without being read.

    Raises:
        LabelsError: pyarrow is missing, or the file cannot be read or is too large.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError as error:
        advice = "pip install 'fashionsdk[catalogue]', or save the table as CSV"
        raise LabelsError(f"{path}: Parquet tables need pyarrow: {advice}") from error
    try:
        columns, notes = _columns(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LabelsError(f"{path}: cannot be read as a Parquet table: {error}") from error
    rows = len(next(iter(columns.values()), ()))
    table, more = typed_table(path, columns, range(1, rows + 1))
    return table, [*notes, *more]


def _columns(path: Path) -> tuple[dict[str, list[Any]], list[str]]:
    """Return the values of the columns that can be text, and a note for each other one."""
    import pyarrow.parquet as pq

    with open_regular(path) as file, pq.ParquetFile(file) as parquet:
        schema, count = parquet.schema_arrow, parquet.metadata.num_rows
    if count > MOST_ROWS:
        raise LabelsError(f"{path}: {count:,} rows; expected at most {MOST_ROWS:,}")
    if repeated := {name for name in schema.names if schema.names.count(name) > 1}:
        raise LabelsError(f"{path}: column {min(repeated)!r} is named twice; expected each column once")
    names = [each.name for each in schema if _is_text_or_number(each.type)]
    notes = [f"column {name!r} is left out: it holds {NO_TEXT}" for name in schema.names if name not in names]
    texts = [each.name for each in schema if _is_text(each.type)]
    with open_regular(path) as file, pq.ParquetFile(file, read_dictionary=texts) as parquet:
        table = parquet.read(columns=names)
        table.validate(full=True)  # a damaged file may name words that it does not have
    return {name.strip(): _values(path, name, table.column(name)) for name in names}, notes


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_text_or_number(kind: Any) -> bool:
    import pyarrow as pa

    while pa.types.is_dictionary(kind):
        kind = kind.value_type
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)
    return not (binary or pa.types.is_nested(kind))


def _values(path: Path, name: str, column: Any) -> list[Any]:
    """Return a column's values. Words that repeat are one text in memory, however long the column is."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return list(column.to_pylist())
    values: list[Any] = []
    for chunk in column.chunks:
        words = chunk.dictionary.to_pylist()
        longest = max((len(word) for word in words if isinstance(word, str)), default=0)
        if longest > MOST_CHARACTERS:
            raise LabelsError(
                f"{path}: {name} has a cell of {longest:,} characters; expected at most {MOST_CHARACTERS:,}"
            )
        values += [None if place is None else words[place] for place in chunk.indices.to_pylist()]
    return values
