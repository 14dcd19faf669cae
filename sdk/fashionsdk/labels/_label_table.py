"""A shop's own catalogue as a CSV table.

Columns: ``image`` (path relative to the file), ``split``, optionally ``role``, then one column per attribute that
holds value names; a blank cell means not labelled. UTF-8, with or without a byte-order mark.
"""

import csv
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import Attribute
from fashionsdk.errors import LabelsError
from fashionsdk.labels._label_types import Labels, RetrievalSplit

QUERY_EVERY = 5  # the papers hold one query for every four candidates
ROLES = ("query", "candidate", "")
_RESERVED = ("image", "split", "role")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Table:
    """The rows of a CSV table as text, with the columns that are attributes."""

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
            LabelsError: the split has no row; the message names the splits there are.
        """
        rows = tuple(row for row in self.rows if row["split"] == name)
        if not rows:
            found = ", ".join(f"{split!r} ({n})" for split, n in Counter(r["split"] for r in self.rows).items())
            raise LabelsError(f"{self.path}: split {name!r} is empty; the table has {found or 'no rows'}")
        return rows


def read_table(path: Path) -> Table:
    """Read a CSV table.

    Raises:
        LabelsError: the file is missing or is not UTF-8 text, a column is missing or named twice, a row has too many
            or too few cells, an image is blank or listed twice in a split, or a role is unknown.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = tuple(_column(cell) for cell in next(reader, []))
            _check_columns(path, columns)
            rows = tuple(_row(path, reader.line_num, columns, cells) for cells in reader if any(cells))
    except UnicodeDecodeError as error:
        raise LabelsError(f"{path}: is not UTF-8 text ({error}); save it as CSV UTF-8") from error
    except (OSError, csv.Error) as error:
        raise LabelsError(f"{path}: cannot be read as a CSV table: {error}") from error
    repeated = [key for key, n in Counter((row["split"], row["image"]) for row in rows).items() if n > 1]
    if repeated:
        raise LabelsError(f"{path}: {repeated[0][1]} is listed twice in split {repeated[0][0]!r}; expected one row")
    return Table(path, columns, rows)


def _column(cell: str) -> str:
    """Return a column's name; those that are not attributes may be written in any case, as spreadsheets do."""
    name = cell.strip()
    return name.lower() if name.lower() in _RESERVED else name


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    if len(columns) == 1 and (separator := next((mark for mark in ";\t|" if mark in columns[0]), None)):
        raise LabelsError(f"{path}: its cells are separated by {separator!r}; save it with commas (CSV UTF-8)")
    if missing := [name for name in ("image", "split") if name not in columns]:
        raise LabelsError(
            f"{path}: no column {' and '.join(missing)}; got {', '.join(columns) or 'an empty file'}, "
            "expected image, split, then a column per attribute"
        )
    if len(set(columns)) != len(columns) or "" in columns:
        raise LabelsError(f"{path}: a column is blank or named twice: {', '.join(columns)}")
    if not set(columns) - set(_RESERVED):
        raise LabelsError(f"{path}: no attribute column; expected one per attribute beside {', '.join(columns)}")


def _row(path: Path, line: int, columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(columns):
        raise LabelsError(f"{path}, line {line}: {len(cells)} cells; expected {len(columns)} as in the first line")
    row = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    if not row["image"]:
        raise LabelsError(f"{path}, line {line}: the image is blank; expected a path relative to the table")
    if row.get("role", "") not in ROLES:
        raise LabelsError(f"{path}, line {line}: role {row['role']!r}; expected query, candidate or blank")
    return row


def table_labels(table: Table, split: str) -> Labels:
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


def table_retrieval(table: Table, split: str) -> RetrievalSplit:
    """Return a split's queries and candidates: by the column ``role`` if there is one, else by ``fixed_roles``.

    With a column ``role``, a photo marked ``query`` or ``candidate`` is that for each of its labels; blank is neither.

    Raises:
        LabelsError: the split is empty, or ends up without queries or without candidates.
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

    The rest are candidates. A value with one photo is a candidate only, since nothing could answer it; a warning says
    how many there are.
    """
    query = np.zeros(len(labels.rows), np.bool_)
    single = 0
    for attribute, value in np.unique(labels.rows[:, 1:], axis=0):
        (of_value,) = np.nonzero((labels.rows[:, 1] == attribute) & (labels.rows[:, 2] == value))
        single += len(of_value) == 1
        if len(of_value) > 1:
            query[of_value[::QUERY_EVERY]] = True
    if single:
        logger.warning("%d values have one photo each: candidates only, never a query", single)
    return query
