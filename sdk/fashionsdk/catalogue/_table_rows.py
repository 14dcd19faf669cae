"""The rows of a table of photos, CSV or Parquet, some at a time: the table may be larger than memory."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from fashionsdk.errors import LabelsError

PHOTO_COLUMNS = ("photo", "image", "file_name")  # the first that the table has
KEY_COLUMN = "key"
ROWS_AT_ONCE = 10_000
BLOCK_BYTES = 2**22  # of a CSV file


@dataclass(frozen=True)
class PhotoRow:
    """One row.

    Attributes:
        key: the item's.
        path: the photo's, as in the table.
        metadata: column -> value, of the other columns.
    """

    key: str
    path: str
    metadata: Mapping[str, Any]


def is_parquet(table: Path) -> bool:
    """Tell whether a table is in Parquet; every other one is read as CSV.

    Raises:
        LabelsError: it cannot be read.
    """
    try:
        with table.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError as error:
        raise LabelsError(f"{table}: cannot be read: {error}") from error


def batches(table: Path, first: int = 0) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield a table's rows from ``first`` on, some at a time, each time with the number of the first.

    Of a CSV table every cell is text.

    Raises:
        LabelsError: it is missing, damaged, or not a table.
    """
    try:
        yield from _parquet_batches(table, first) if is_parquet(table) else _csv_batches(table, first)
    except (pa.ArrowException, OSError) as error:
        raise LabelsError(f"{table}: cannot be read as a table: {error}") from error


def parquet_size(table: Path) -> tuple[list[str], int]:
    """Return the columns and the number of rows of a table in Parquet.

    Raises:
        LabelsError: it is damaged.
    """
    try:
        with pq.ParquetFile(table) as file:
            return file.schema_arrow.names, file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        raise LabelsError(f"{table}: cannot be read as a table: {error}") from error


def photo_column(columns: Sequence[str], table: Path) -> str:
    """Return the column with the photos' paths.

    Raises:
        LabelsError: there is none.
    """
    found = next((name for name in PHOTO_COLUMNS if name in columns), None)
    if found is None:
        raise LabelsError(
            f"{table}: no column {' or '.join(map(repr, PHOTO_COLUMNS))}; got {', '.join(columns)}; expected one of "
            "them, with paths from the table's folder on"
        )
    return found


def rows(table: Path, start: int, stop: int, numbers: Sequence[str]) -> Iterator[PhotoRow]:
    """Yield the rows from ``start`` to before ``stop``.

    A row's key is its column ``key``, or else the photo's path. Of a CSV table the columns in ``numbers`` hold numbers.

    Raises:
        LabelsError: as `batches`, a row names no photo, or a value is none that JSON has.
    """
    for first, batch in batches(table, start):
        part = batch.slice(0, stop - first) if first + batch.num_rows > stop else batch
        if part.num_rows:
            yield from _photo_rows(part, first, table, numbers)
        if first + batch.num_rows >= stop:
            return


def _photo_rows(batch: pa.RecordBatch, first: int, table: Path, numbers: Sequence[str]) -> Iterator[PhotoRow]:
    photo = photo_column(batch.schema.names, table)
    for number, row in enumerate(batch.to_pylist(), start=first + 1):
        path = row.pop(photo)
        if not isinstance(path, str) or not path:
            raise LabelsError(f"{table}, row {number}: {photo} is {path!r:.60}; expected a photo's path")
        key = row.pop(KEY_COLUMN, None) or path
        entry = {name: _value(value, name in numbers) for name, value in row.items() if value not in (None, "")}
        try:
            json.dumps(entry, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise LabelsError(f"{table}, row {number}: {error}; expected values that JSON has") from error
        yield PhotoRow(str(key), path, entry)


def _value(value: Any, is_number: bool) -> Any:
    if is_number and isinstance(value, str):
        return float(value) if "." in value else int(value)
    return value if isinstance(value, (str, int, float, bool, list, dict)) else str(value)


def _parquet_batches(table: Path, first: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    with pq.ParquetFile(table) as file:
        before = 0
        for group in range(file.num_row_groups):
            count = file.metadata.row_group(group).num_rows
            if before + count > first:
                at = before
                for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[group]):
                    skipped = min(max(first - at, 0), batch.num_rows)
                    if skipped < batch.num_rows:
                        yield at + skipped, batch.slice(skipped)
                    at += batch.num_rows
            before += count


def _csv_batches(table: Path, first: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    read = pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES)
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    with pyarrow.csv.open_csv(table, read, parse) as reader:
        columns = reader.schema.names
    convert = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False)
    at = 0
    with pyarrow.csv.open_csv(table, read, parse, convert) as reader:
        for batch in reader:
            skipped = min(max(first - at, 0), batch.num_rows)
            if skipped < batch.num_rows:
                yield at + skipped, batch.slice(skipped)
            at += batch.num_rows
