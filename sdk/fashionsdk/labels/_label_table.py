"""Reads a shop's own label table.

Columns: ``image`` (path relative to the file), ``split``, optionally ``role`` and ``box`` (one garment's left, top,
right and bottom in pixels of the upright photo), then one column per attribute that holds value names. A blank cell
means not labelled, or the whole photo.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk.attributes import Attribute
from fashionsdk.errors import LabelsError
from fashionsdk.labels._columns import count_values, left_out_notes, named_columns, why_no_attribute
from fashionsdk.labels._csv_reader import CsvTable, read_csv
from fashionsdk.labels._garment_box import box_cell, box_of
from fashionsdk.labels.text import (
    BLANK_WORDS,
    blank_note,
    clean,
    found_path,
    lines_text,
    same_path,
    spelling_notes,
    word_of,
)

if TYPE_CHECKING:
    from fashionsdk.photos import PixelBox

ROLES = ("query", "candidate", "")
_RESERVED = ("image", "split", "role", "box")


@dataclass(frozen=True)
class LabelTable:
    """The rows of a label table.

    Attributes:
        path: the file.
        columns: the columns' names in the file.
        rows: for each row column -> text, cleaned; an attribute's cell without a label is "".
        lines: the number of each row's first line, counted from 1.
        attribute_columns: the columns that hold attribute values.
        notes: what was found in the table that its author should know, a sentence each.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    lines: tuple[int, ...]
    attribute_columns: tuple[str, ...]
    notes: tuple[str, ...]

    def attributes(self) -> tuple[Attribute, ...]:
        """Return the attributes with the value names of all splits, sorted by name."""
        return tuple(
            Attribute(column, tuple(sorted({row[column] for row in self.rows} - {""})))
            for column in self.attribute_columns
        )

    def splits(self) -> Counter[str]:
        """Return how many rows each split has."""
        return Counter(row["split"] for row in self.rows)

    @staticmethod
    def boxes(rows: Sequence[Mapping[str, str]]) -> tuple["PixelBox | None", ...]:
        """Return each row's box, None for the whole photo; nothing if no row has one."""
        cells = [row.get("box", "") for row in rows]
        return tuple(box_of(cell) if cell else None for cell in cells) if any(cells) else ()

    def of_split(self, name: str) -> tuple[list[dict[str, str]], tuple[int, ...]]:
        """Return one split's rows, and their lines.

        Raises:
            LabelsError: the split has no row; the message lists the table's splits.
        """
        chosen = [(row, line) for row, line in zip(self.rows, self.lines, strict=True) if row["split"] == name]
        if not chosen:
            counts = ", ".join(f"{split!r} ({n})" for split, n in self.splits().items())
            raise LabelsError(f"{self.path}: split {name!r} is empty; the table has {counts or 'no rows'}")
        return [row for row, _ in chosen], tuple(line for _, line in chosen)


def read_table(path: Path, attributes: str | Iterable[str] | None = None) -> LabelTable:
    """Read a label table.

    Args:
        path: the file.
        attributes: names of attributes that will be used: they are attributes whatever their values are, and the notes
            are about them. With None, columns whose values cannot be an attribute's, such as prices, are left out.

    Raises:
        LabelsError: as `read_csv`, or a column is missing or has no name, an image is blank or listed twice in a
            split, a role is unknown, or no column is an attribute.
    """
    table = read_csv(path, _column)
    table, notes = named_columns(table)
    _check_columns(table)
    lines = tuple(line for line, _ in table.rows)
    columns = {
        name: _Column(name, [cells[n] for _, cells in table.rows], lines)
        for n, name in enumerate(table.columns)
        if name not in _RESERVED
    }
    rows = _rows(table, columns)
    notes += _find_photos(path.parent, rows, lines)
    _check_once(table, rows)
    used = list(columns) if attributes is None else [attributes] if isinstance(attributes, str) else list(attributes)
    left_out = {} if attributes is not None else _no_attributes(columns, rows)
    notes += left_out_notes(left_out)
    chosen = [name for name in columns if name not in left_out]
    if not chosen:
        raise LabelsError(f"{path}: no column seems to be an attribute; {'; '.join(notes)}")
    said = [name for name in chosen if name in used]
    notes += [note for name in said for note in columns[name].notes()] + _alike_columns(said)
    return LabelTable(path, table.columns, rows, lines, tuple(chosen), tuple(notes))


def _no_attributes(columns: Iterable[str], rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return which columns are no attributes by their values, each with the reason."""
    reasons = {name: why_no_attribute(count_values([row[name] for row in rows])) for name in columns}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _column(name: str) -> str:
    """Return a column's name; those that are not attributes may be written in any case, as spreadsheets do."""
    name = clean(name)
    return name.lower() if name.lower() in _RESERVED else name


def _check_columns(table: CsvTable) -> None:
    if missing := [name for name in ("image", "split") if name not in table.columns]:
        raise table.column_error(f"no column {' and '.join(missing)}", "image, split, then a column per attribute")
    if "" in table.columns:
        raise table.column_error(f"column {table.columns.index('') + 1} has no name", "a name for each column")
    if not set(table.columns) - set(_RESERVED):
        raise table.column_error("no attribute column", "a column per attribute as well")


class _Column:
    """What an attribute's cells say, and the spellings that lead to each value."""

    def __init__(self, name: str, cells: Sequence[str], lines: Sequence[int]) -> None:
        self.name = name
        self._cells, self._lines = cells, lines
        words = {cell: clean(cell) for cell in dict.fromkeys(cells)}  # each text once: tables repeat theirs
        self._values = {cell: "" if word in BLANK_WORDS else word for cell, word in words.items()}

    def values(self) -> list[str]:
        """Return the value that each cell names, "" for none."""
        return [self._values[cell] for cell in self._cells]

    def notes(self) -> list[str]:
        """Return a note for words that count as blank, and for each word that is spelled in several ways."""
        standing: dict[str, list[int]] = {cell: [] for cell in self._values}
        for cell, line in zip(self._cells, self._lines, strict=True):
            standing[cell].append(line)
        spellings: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for cell, value in self._values.items():
            spellings[value][cell.strip() if value else clean(cell)] += standing[cell]
        blank = {word: lines for word, lines in spellings.pop("", {}).items() if word}
        values = {value: sorted(chain(*each.values())) for value, each in spellings.items()}
        several = [value for value, each in spellings.items() if len(each) > 1]
        several.sort(key=lambda value: list(spellings[value].values())[1][0])  # where the second spelling first stands
        merged = {value: spellings[value] for value in several}
        return ([blank_note(self.name, blank)] if blank else []) + spelling_notes(self.name, merged, values)


def _rows(table: CsvTable, columns: Mapping[str, _Column]) -> tuple[dict[str, str], ...]:
    """Return the rows with their cells cleaned.

    Raises:
        LabelsError: an image is blank, a role is unknown, or a box is none.
    """
    cells = [
        columns[name].values() if name in columns else [row[n].strip() for _, row in table.rows]
        for n, name in enumerate(table.columns)
    ]
    rows = tuple(dict(zip(table.columns, row, strict=True)) for row in zip(*cells, strict=True))
    for (line, _), row in zip(table.rows, rows, strict=True):
        row["split"] = clean(row["split"])
        if not row["image"]:
            raise table.line_error(line, "the image is blank; expected a path relative to the table")
        if row.get("role", "") not in ROLES:
            raise table.line_error(line, f"role {row['role']!r}; expected query, candidate or blank")
        if row.get("box"):
            row["box"] = _checked_box(table, line, row["box"])
    return rows


def _find_photos(root: Path, rows: Iterable[dict[str, str]], lines: Iterable[int]) -> list[str]:
    r"""Replace paths by those of the photos that they mean; return notes about ``\``, found and not found."""
    found, missing = [], []
    for row, line in zip(rows, lines, strict=True):
        image, row["image"] = row["image"], found_path(root, row["image"])
        if "\\" in image and row["image"] != image:
            found.append(line)
        elif "\\" in image and not os.path.exists(root / image):
            missing.append(line)
    notes = []
    if found:
        notes.append(f"{len(found)} paths have '\\' between folders, read as '/': {lines_text(found)}")
    if missing:
        hint = "expected '/' between folders, and paths relative to the table"
        notes.append(f"{len(missing)} paths have '\\', and there is no such photo: {lines_text(missing)}; {hint}")
    return notes


def _check_once(table: CsvTable, rows: Sequence[dict[str, str]]) -> None:
    root = table.path.parent
    numbered = zip(table.rows, rows, strict=True)
    table.check_once(
        (line, f"{same_path(root, row['image'])!r}{_box_words(row)} in split {row['split']!r}")
        for (line, _), row in numbered
    )


def _box_words(row: Mapping[str, str]) -> str:
    return f", box {row['box']!r}," if row.get("box") else ""


def _checked_box(table: CsvTable, line: int, text: str) -> str:
    """Return a box's cell in one spelling."""
    try:
        return box_cell(box_of(text))
    except ValueError as error:
        raise table.line_error(line, error) from error


def _alike_columns(names: Sequence[str]) -> list[str]:
    """Return a note for each two attributes whose names seem to be one word."""
    words: dict[str, str] = {}
    pairs = [(words.setdefault(word_of(name), name), name) for name in names]
    return [
        f"columns {first!r} and {second!r} are two attributes; if they are one, join them"
        for first, second in pairs
        if first != second
    ]
