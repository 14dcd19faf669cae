"""Reads a CSV table: UTF-8 with or without a byte-order mark, commas between cells, column names in the first row."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from fashionsdk._tools.files.regular_file import open_regular, reason
from fashionsdk.errors import LabelsError

OTHER_SEPARATORS = ";\t|"
START = 4096  # bytes of a file that tell its kind and its separator
_OTHER_FILES = {  # how files begin that people give instead of a CSV table
    b"PK\x03\x04": "is an Excel workbook (or another zip file), not CSV",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook (.xls), not CSV",
    b"\xff\xfe": "is UTF-16 text, not UTF-8",
    b"\xfe\xff": "is UTF-16 text, not UTF-8",
    b"PAR1": "is a Parquet file, not CSV",
    b"\x1f\x8b": "is compressed (gzip), not CSV",
    b"<?xml": "is XML, which is not read",
    b"<rss": "is XML, which is not read",
    b"<feed": "is XML, which is not read",
}
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class CsvTable:
    """A table as text.

    Attributes:
        path: the file.
        columns: the columns' names, without spaces around them; each once, but several may have none ("").
        rows: for each row the number of its first line, counted from 1, and a cell for each column, as in the file.
            Blank rows are left out.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    def with_columns(self, positions: Sequence[int]) -> "CsvTable":
        """Return the table with only the columns at these positions."""
        rows = tuple((line, tuple(cells[n] for n in positions)) for line, cells in self.rows)
        return CsvTable(self.path, tuple(self.columns[n] for n in positions), rows)

    def line_error(self, line: int, problem: object) -> LabelsError:
        """Return the error that a line has a problem."""
        return LabelsError(f"{self.path}, line {line}: {problem}")

    def column_error(self, problem: str, expected: str) -> LabelsError:
        """Return the error that the columns have a problem; the message lists them."""
        got = ", ".join(self.columns) or "an empty file"
        return LabelsError(f"{self.path}: {problem}; got {got}; expected {expected}")

    def check_once(self, subjects: Iterable[tuple[int, str]]) -> None:
        """Check that no two rows are about the same thing.

        Args:
            subjects: a row's line, and in words what the row is about.

        Raises:
            LabelsError: two are; the message names both lines.
        """
        lines: dict[str, int] = {}
        for line, subject in subjects:
            if (first := lines.setdefault(subject, line)) != line:
                raise self.line_error(line, f"{subject} is on line {first} too; expected one row")


def read_csv(path: str | Path, rename: Callable[[str], str] = str, *, tabs: bool = False) -> CsvTable:
    """Read a CSV table.

    Args:
        path: the file.
        rename: returns the name to use for a column's name in the file.
        tabs: whether cells may be separated by tabs as well; the first line tells.

    Raises:
        LabelsError: the file is missing, is not UTF-8 text or not CSV, its cells are not separated by commas, a name
            stands over two columns, or a row has too many or too few cells.
    """
    path = Path(path)
    try:
        with open_regular(path) as binary:
            start = binary.peek(START)
            _check_kind(path, start)
            separator = "\t" if tabs and _has_tabs(start) else ","
            with TextIOWrapper(binary, "utf-8-sig", newline="") as file:
                rows = tuple(_rows(path, file, separator))
    except UnicodeDecodeError as error:
        raise LabelsError(f"{path}: is not UTF-8 text ({error}); save it as CSV UTF-8") from error
    except OSError as error:
        raise LabelsError(f"{path}: cannot be read: {reason(error)}; check the path of the label table") from error
    header = rows[0][1] if rows else ()
    table = CsvTable(path, tuple(rename(name.strip()) for name in header), rows[1:])
    if separator == ",":
        _check_separator(table)
    check_names(table)
    _check_cells(table)
    return table


def _has_tabs(start: bytes) -> bool:
    header = start.partition(b"\n")[0]
    return header.count(b"\t") > header.count(b",")


def _check_kind(path: Path, start: bytes) -> None:
    """Raise if a file's first bytes are not those of text."""
    text = start.removeprefix(BYTE_ORDER_MARK).lstrip()
    kind = next((kind for mark, kind in _OTHER_FILES.items() if text.startswith(mark)), None)
    if kind is None and b"\0" in start:
        kind = "is not text, or UTF-16 text"
    if kind is not None:
        raise LabelsError(f"{path}: {kind}; save it as CSV UTF-8, cells separated by commas")


def _rows(path: Path, lines: Iterable[str], separator: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the number of each row's first line, and its cells; a quoted cell may go on for several lines."""
    reader, line = csv.reader(lines, strict=True, delimiter=separator), 1
    try:
        for cells in reader:
            if any(cells):
                yield line, tuple(cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise LabelsError(f"{path}, line {line}: cannot be read as CSV: {error}") from error


def _check_separator(table: CsvTable) -> None:
    header = ",".join(table.columns)
    mark = max(OTHER_SEPARATORS, key=header.count)
    if header.count(mark) >= max(1, len(table.columns)):
        raise LabelsError(f"{table.path}: its cells are separated by {mark!r}; save it with commas (CSV UTF-8)")


def check_names(table: CsvTable) -> None:
    """Check that no two columns have one name.

    Raises:
        LabelsError: two have.
    """
    counts = Counter(table.columns)
    if repeated := [name for name in table.columns if name and counts[name] > 1]:
        raise table.column_error(f"column {repeated[0]!r} is named twice", "each column once")


def _check_cells(table: CsvTable) -> None:
    for line, cells in table.rows:
        if len(cells) != len(table.columns):
            raise table.line_error(line, f"{len(cells)} cells; expected {len(table.columns)}, one for each column")
