"""Reads a shop's own label table.

Columns: ``image`` (path relative to the file), ``split``, optionally ``role``, then one column per attribute that
holds value names. A blank cell means not labelled.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import Attribute
from fashionsdk.errors import LabelsError
from fashionsdk.labels._csv_reader import CsvTable, read_csv
from fashionsdk.labels._label_types import Labels, RetrievalSplit

QUERY_EVERY = 5  # the papers' splits have one query for every four candidates
ROLES = ("query", "candidate", "")
_RESERVED = ("image", "split", "role")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabelTable:
    """The rows of a label table as text: column -> cell, without spaces around it."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]

    @property
    def attribute_columns(self) -> tuple[str, ...]:
        """The columns that hold attribute values."""
        return tuple(column for column in self.columns if column not in _RESERVED)

    def attributes(self) -> tuple[Attribute, ...]:
        """Return the attributes with the value names of all splits, sorted by name."""
        return tuple(
            Attribute(column, tuple(sorted({row[column] for row in self.rows} - {""})))
            for column in self.attribute_columns
        )

    def split(self, name: str) -> tuple[dict[str, str], ...]:
        """Return one split's rows.

        Raises:
            LabelsError: the split has no row; the message lists the table's splits.
        """
        rows = tuple(row for row in self.rows if row["split"] == name)
        if not rows:
            counts = ", ".join(f"{split!r} ({n})" for split, n in Counter(r["split"] for r in self.rows).items())
            raise LabelsError(f"{self.path}: split {name!r} is empty; the table has {counts or 'no rows'}")
        return rows


def read_table(path: Path) -> LabelTable:
    """Read a label table.

    Raises:
        LabelsError: as `read_csv`, or a column is missing or has no name, an image is blank or listed twice in a
            split, or a role is unknown.
    """
    table = read_csv(path, _column)
    _check_columns(table)
    rows = tuple(_row(table, line, cells) for line, cells in table.rows)
    numbered = zip(table.rows, rows, strict=True)
    table.check_once((line, f"{row['image']!r} in split {row['split']!r}") for (line, _), row in numbered)
    return LabelTable(path, table.columns, rows)


def _column(name: str) -> str:
    """Return a column's name; those that are not attributes may be written in any case, as spreadsheets do."""
    return name.lower() if name.lower() in _RESERVED else name


def _check_columns(table: CsvTable) -> None:
    if missing := [name for name in ("image", "split") if name not in table.columns]:
        raise table.column_error(f"no column {' and '.join(missing)}", "image, split, then a column per attribute")
    if "" in table.columns:
        raise table.column_error(f"column {table.columns.index('') + 1} has no name", "a name for each column")
    if not set(table.columns) - set(_RESERVED):
        raise table.column_error("no attribute column", "a column per attribute as well")


def _row(table: CsvTable, line: int, cells: Sequence[str]) -> dict[str, str]:
    row = {column: cell.strip() for column, cell in zip(table.columns, cells, strict=True)}
    if not row["image"]:
        raise table.line_error(line, "the image is blank; expected a path relative to the table")
    if row.get("role", "") not in ROLES:
        raise table.line_error(line, f"role {row['role']!r}; expected query, candidate or blank")
    return row


def table_labels(table: LabelTable, split: str) -> Labels:
    """Return one split's labels.

    Raises:
        LabelsError: the split is empty.
    """
    rows, attributes = table.split(split), table.attributes()
    labels = [
        (n, a, attribute.values.index(row[attribute.name]))
        for n, row in enumerate(rows)
        for a, attribute in enumerate(attributes)
        if row[attribute.name]
    ]
    images = tuple(row["image"] for row in rows)
    return Labels(table.path.parent, images, attributes, np.array(labels, np.int32).reshape(-1, 3))


def table_retrieval(table: LabelTable, split: str) -> RetrievalSplit:
    """Return a split's queries and candidates: by the column ``role`` if there is one, else by ``fixed_roles``.

    With a column ``role``, a photo is a query or a candidate for each of its labels. A blank role is neither.

    Raises:
        LabelsError: the split is empty, or has no query or no candidate.
    """
    labels = table_labels(table, split)
    if "role" in table.columns:
        roles = np.array([row["role"] for row in table.split(split)])[labels.rows[:, 0]]
        is_query, is_candidate = roles == "query", roles == "candidate"
    else:
        is_query = fixed_roles(labels)
        is_candidate = ~is_query
    if not is_query.any() or not is_candidate.any():
        raise LabelsError(
            f"{table.path}: split {split!r} has {is_query.sum()} queries and {is_candidate.sum()} candidates; "
            "expected at least one of each"
        )
    return RetrievalSplit(
        labels.root, labels.images, labels.attributes, labels.rows[is_query], labels.rows[is_candidate]
    )


def fixed_roles(labels: Labels) -> NDArray[np.bool_]:
    """Return ``(L,)``, true where a label is a query: of each value, in table order, every fifth photo from the first.

    The rest are candidates. If a value has one photo, it is a candidate only: a query would have no right answer. A
    warning counts such values.
    """
    query = np.zeros(len(labels.rows), np.bool_)
    single = 0
    for attribute, value in np.unique(labels.rows[:, 1:], axis=0):
        (of_value,) = np.nonzero((labels.rows[:, 1] == attribute) & (labels.rows[:, 2] == value))
        single += len(of_value) == 1
        if len(of_value) > 1:
            query[of_value[::QUERY_EVERY]] = True
    if single:
        logger.warning("%d values have one photo each: it is a candidate, never a query", single)
    return query
