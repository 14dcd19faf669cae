"""Reads and writes the CSV file of labels that seem wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fashionsdk.errors import LabelsError
from fashionsdk.labels._columns import named_columns
from fashionsdk.labels._csv_reader import CsvTable, read_csv
from fashionsdk.labels._csv_writer import write_csv
from fashionsdk.labels._garment_box import box_cell, box_of
from fashionsdk.labels.text import clean, name_of, plain_name, plain_path

NEEDED = ("image", "attribute", "correct")
COLUMNS = ("image", "attribute", "label", "suggestion", "doubt", "correct")
BLANK = "-"  # in the column correct: the photo has no label


@dataclass(frozen=True)
class Correction:
    """A label of a photo that seems wrong, and what a person decided about it.

    Attributes:
        image: the photo, as its table names it.
        attribute: which of its labels.
        correct: the right value, "" for no label, None while nobody has decided.
        label: what the table said when the label was doubted, "" for no label, or if that is not known.
        suggestion: the value that seems right, "" for none.
        doubt: how surely the label is wrong, 0 to 1; None if nothing has judged it.
        box: the garment's box as the table has it, "" for the whole photo.
        line: where the file says so, counted from 1; 0 for nowhere.
    """

    image: str
    attribute: str
    correct: str | None = None
    label: str = ""
    suggestion: str = ""
    doubt: float | None = None
    box: str = ""
    line: int = 0


@dataclass(frozen=True)
class Corrections:
    """The rows of a file of corrections.

    Attributes:
        path: the file.
        rows: in the file's order; those that nobody has decided about as well.
    """

    path: Path
    rows: tuple[Correction, ...]

    @property
    def decided(self) -> tuple[Correction, ...]:
        """The rows that a person has decided about."""
        return tuple(row for row in self.rows if row.correct is not None)

    def line_error(self, row: Correction, problem: object) -> LabelsError:
        """Return the error that a row has a problem."""
        return LabelsError(f"{self.path}, line {row.line}: {problem}")


def read_corrections(path: str | Path) -> Corrections:
    """Read a file of corrections. Whether its images and values exist is for the table to say: see `correct_table`.

    Raises:
        LabelsError: the file cannot be read, a column is missing, an image or an attribute is blank, a box is none, a
            doubt is no number from 0 to 1, or two decisions are about one label.
    """
    table, _ = named_columns(read_csv(path, lambda name: clean(name).lower()))
    if missing := [name for name in NEEDED if name not in table.columns]:
        raise table.column_error(f"no column {' and '.join(missing)}", ", ".join(COLUMNS))
    rows = tuple(_correction(table, line, dict(zip(table.columns, cells, strict=True))) for line, cells in table.rows)
    table.check_once(
        (row.line, f"{row.attribute!r} of {row.image!r}{f', box {row.box!r},' if row.box else ''}")
        for row in rows
        if row.correct is not None
    )
    return Corrections(table.path, rows)


def _correction(table: CsvTable, line: int, cells: Mapping[str, str]) -> Correction:
    names = {name: name_of(clean(cell)) for name, cell in cells.items()}
    for name in ("image", "attribute"):
        if not names[name]:
            raise table.line_error(line, f"the {name} is blank; expected one of the label table's")
    return Correction(
        cells["image"].strip(),  # spaces within belong to a file's name
        names["attribute"],
        "" if cells["correct"].strip() == BLANK else names["correct"] or None,
        names.get("label", ""),
        names.get("suggestion", ""),
        _doubt(table, line, cells.get("doubt", "")),
        _box(table, line, cells.get("box", "")),
        line,
    )


def _doubt(table: CsvTable, line: int, cell: str) -> float | None:
    if not cell:
        return None
    try:
        doubt = float(cell)
    except ValueError:
        doubt = -1.0
    if not 0 <= doubt <= 1:
        raise table.line_error(line, f"doubt {cell!r}; expected a number from 0 to 1, or blank")
    return doubt


def _box(table: CsvTable, line: int, cell: str) -> str:
    try:
        return box_cell(box_of(cell)) if cell else ""
    except ValueError as error:
        raise table.line_error(line, error) from error


def write_corrections(path: str | Path, rows: Iterable[Correction]) -> None:
    """Write a file of corrections in one step. No cell of it is a formula for a spreadsheet.

    There is a column ``box`` if a row has one.

    Args:
        path: the file; an existing one is replaced.
        rows: in the order to write.

    Raises:
        OSError: the file cannot be written.
    """
    cells = [_cells(row) for row in rows]
    columns = (*COLUMNS, "box") if any("box" in each for each in cells) else COLUMNS
    write_csv(Path(path), columns, cells)


def _cells(row: Correction) -> dict[str, str]:
    box = {"box": row.box} if row.box else {}
    return box | {
        "image": plain_path(row.image),
        "attribute": plain_name(row.attribute),
        "label": plain_name(row.label),
        "suggestion": plain_name(row.suggestion),
        "doubt": "" if row.doubt is None else f"{row.doubt:.4f}",
        "correct": "" if row.correct is None else plain_name(row.correct) or BLANK,
    }
