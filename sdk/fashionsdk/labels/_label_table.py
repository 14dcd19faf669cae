"""Reads a label table, whatever its format: rows of a photo, its split and product, and a value for each attribute.

Columns: ``image`` (path relative to the table), ``split``, optionally ``product``, ``role`` and ``box`` (one garment's
left, top, right and bottom in pixels of the upright photo), then one column per attribute that holds value names. A
blank cell means not labelled, of no known product, or the whole photo.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk.attributes import Attribute
from fashionsdk.errors import LabelsError
from fashionsdk.labels._columns import (
    RESERVED,
    alike_columns,
    count_values,
    left_out_notes,
    named_columns,
    why_no_attribute,
)
from fashionsdk.labels._csv_reader import CsvTable
from fashionsdk.labels._garment_box import box_cell, box_of
from fashionsdk.labels.formats import TableRows, read_rows
from fashionsdk.labels.text import ColumnCells, clean, found_path, lines_text, same_path

if TYPE_CHECKING:
    from fashionsdk.photos import PixelBox

ROLES = ("query", "candidate", "")
MAKE_SPLITS = "make the splits with python training/prepare.py TABLE --out labels.csv"


@dataclass(frozen=True)
class LabelTable:
    """The rows of a label table.

    Attributes:
        path: the file.
        root: the folder that images are relative to.
        columns: the columns' names, those that are no attributes as in `RESERVED`.
        rows: for each row column -> text, cleaned; an attribute's cell without a label is "".
        lines: the number of each row's first line, counted from 1.
        attribute_columns: the columns that hold attribute values.
        notes: what was found in the table that its author should know, a sentence each.
    """

    path: Path
    root: Path
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

    def places(self) -> dict[tuple[str, str], list[int]]:
        """Return the rows of each photo or garment: its path, equal for all spellings, and its box, "" for none."""
        places: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, row in enumerate(self.rows):
            places[same_path(self.root, row["image"]), row.get("box", "")].append(place)
        return dict(places)

    def spread_products(self) -> dict[str, list[str]]:
        """Return the products that stand in several splits, with these; rows without a split are in none."""
        splits: dict[str, dict[str, None]] = defaultdict(dict)
        for row in self.rows:
            if row.get("product") and row["split"]:
                splits[row["product"]][row["split"]] = None
        return {product: list(each) for product, each in splits.items() if len(each) > 1}

    @staticmethod
    def products(rows: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
        """Return each row's product, "" for none; nothing if no row has one."""
        cells = tuple(row.get("product", "") for row in rows)
        return cells if any(cells) else ()

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


def read_table(
    path: Path,
    attributes: str | Iterable[str] | None = None,
    *,
    kind: str | None = None,
    photos: Path | None = None,
    splits: bool = True,
) -> LabelTable:
    """Read a label table.

    Args:
        path: the file, or the folder of a format that is one.
        attributes: names of attributes that will be used: they are attributes whatever their values are, and the notes
            are about them. With None, columns whose values cannot be an attribute's, such as prices, are left out.
        kind: the format, one of `FORMATS`; None to tell it by the path and the columns.
        photos: the folder that images are relative to, if it is not the table's.
        splits: whether a table without splits is an error.

    Raises:
        LabelsError: the table cannot be read, or as `label_table`.
        ValueError: the format is unknown.
    """
    rows = read_rows(Path(path), kind, photos=photos, attributes=_listed(attributes))
    if rows is None:
        raise LabelsError(f"{path}: holds no label table; expected labels.csv, or another format of label tables")
    return label_table(rows, attributes, splits=splits)


def label_table(rows: TableRows, attributes: str | Iterable[str] | None = None, *, splits: bool = True) -> LabelTable:
    """Return the label table of any format's rows; arguments as for `read_table`.

    Raises:
        LabelsError: a column is missing or has no name, an image is blank or listed twice in a split, a role or a box
            is unknown, or no column is an attribute.
    """
    table, notes = named_columns(rows.text)
    notes = [*rows.notes, *notes]
    _check_columns(table, splits=splits)
    lines = tuple(line for line, _ in table.rows)
    columns = {
        name: ColumnCells(name, [cells[n] for _, cells in table.rows], lines)
        for n, name in enumerate(table.columns)
        if name not in RESERVED or name == "product"
    }
    cleaned = _rows(table, columns)
    product = columns.pop("product", None)
    notes += _find_photos(rows.root, cleaned, lines)
    _check_once(table, rows.root, cleaned)
    wanted = _listed(attributes)
    left_out = _no_attributes(columns, cleaned) if wanted is None and rows.chosen is None else {}
    notes += left_out_notes(left_out)
    offered = list(columns) if wanted is not None or rows.chosen is None else rows.chosen
    chosen = [name for name in columns if name in offered and name not in left_out]
    if not chosen:
        raise LabelsError(f"{table.path}: no column seems to be an attribute; {'; '.join(notes)}")
    said = [name for name in chosen if wanted is None or name in wanted]
    notes += [note for name in said for note in columns[name].notes()] + alike_columns(said)
    notes += [] if product is None else product.notes()
    return LabelTable(table.path, rows.root, table.columns, cleaned, lines, tuple(chosen), tuple(notes))


def _listed(attributes: str | Iterable[str] | None) -> list[str] | None:
    return [attributes] if isinstance(attributes, str) else None if attributes is None else list(attributes)


def _no_attributes(columns: Iterable[str], rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return which columns are no attributes by their values, each with the reason."""
    reasons = {name: why_no_attribute(count_values([row[name] for row in rows])) for name in columns}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _check_columns(table: CsvTable, *, splits: bool) -> None:
    expected = "image, split, then a column per attribute"
    needed = ("image", "split") if splits else ("image",)
    if missing := [name for name in needed if name not in table.columns]:
        how = f"; {MAKE_SPLITS}" if missing == ["split"] else ""
        raise table.column_error(f"no column {' and '.join(missing)}", f"{expected}{how}")
    if "" in table.columns:
        raise table.column_error(f"column {table.columns.index('') + 1} has no name", "a name for each column")
    if not set(table.columns) - set(RESERVED):
        raise table.column_error("no attribute column", "a column per attribute as well")


def _rows(table: CsvTable, columns: Mapping[str, ColumnCells]) -> tuple[dict[str, str], ...]:
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
        row["split"] = clean(row.get("split", ""))
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


def _check_once(table: CsvTable, root: Path, rows: Sequence[dict[str, str]]) -> None:
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
