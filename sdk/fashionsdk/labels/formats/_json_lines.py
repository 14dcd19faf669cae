"""Reads JSON lines: an object a line, whose keys are columns."""

from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from fashionsdk._tools import strict_json
from fashionsdk._tools.files.regular_file import open_regular
from fashionsdk.errors import LabelsError
from fashionsdk.labels._csv_reader import BYTE_ORDER_MARK, CsvTable
from fashionsdk.labels.formats._typed_cells import typed_table

MOST_BYTES = 2**20  # of a line
MOST_COLUMNS = 1000  # a table has few; objects of other keys each would be a table as wide as it is long


def read_json_lines(path: Path) -> tuple[CsvTable, list[str]]:
    """Return a file of JSON lines as text, and notes about what was left out.

    A key that an object lacks, and ``null``, are blank cells. Blank lines are ignored.

    Raises:
        LabelsError: the file cannot be read, or a line is no JSON object in UTF-8, is too long, or has a key twice.
    """
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    columns: dict[str, None] = {}
    try:
        with open_regular(path) as file:
            for line, row in _objects(path, file):
                rows.append(row)
                lines.append(line)
                columns |= dict.fromkeys(row)
                if len(columns) > MOST_COLUMNS:
                    raise _error(path, line, f"over {MOST_COLUMNS} different keys; expected the same few in each line")
    except OSError as error:
        raise LabelsError(f"{path}: cannot be read as JSON lines: {error}") from error
    values = [(name.strip(), [row.get(name) for row in rows]) for name in columns]
    return typed_table(path, values, lines)


def _objects(path: Path, file: BufferedReader) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each line's number and object."""
    for number, line in enumerate(iter(lambda: file.readline(MOST_BYTES + 1), b""), start=1):
        if len(line) > MOST_BYTES:
            raise _error(path, number, f"over {MOST_BYTES:,} bytes; expected a JSON object a line")
        text = line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line
        if not text.strip():
            continue
        try:
            value = strict_json.loads(text)
        except ValueError as error:
            raise _error(path, number, f"is no JSON: {error}; expected an object a line, in UTF-8") from error
        if not isinstance(value, dict):
            raise _error(path, number, f"is a {type(value).__name__}; expected an object, such as {{'image': ...}}")
        yield number, value


def _error(path: Path, line: int, problem: str) -> LabelsError:
    return LabelsError(f"{path}, line {line}: {problem}")
