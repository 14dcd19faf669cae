"""From a table of any format to the CSV of the house, with splits."""

import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.listed import listed
from fashionsdk.labels import LabelSource, LabelTable, write_csv
from fashionsdk.labels.text import is_formula, plain_name, plain_path, same_path
from fashionsdk_training.data import equal_files
from fashionsdk_training.errors import DataError
from fashionsdk_training.preparing.dealing import deal_groups
from fashionsdk_training.preparing.equal_pictures import equal_pictures, small_pictures
from fashionsdk_training.preparing.photo_groups import equal_cells, joined_groups

MOST_NAMED = 5
LARGE = 0.1  # of all rows: a group that is hardly one product
Rows = Sequence[Mapping[str, str]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """How to deal the photos.

    Attributes:
        by: the column whose equal cells belong together; None for ``product`` if the table has one. A product's photos
            belong together whatever the column is.
        valid: share of the photos for ``valid``.
        test: share for ``test``; 0 for no such split.
        seed: of the order of groups that are alike.

    Raises:
        ValueError: a share is none, or nothing is left for training.
    """

    by: str | None = None
    valid: float = 0.15
    test: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the shares."""
        if not (0 < self.valid < 1 and 0 <= self.test < 1 and self.valid + self.test < 1):
            raise ValueError(
                f"valid {self.valid:g} and test {self.test:g}; expected shares of the photos between 0 and 1, together "
                "below 1, so that some are left to train on"
            )
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; expected 0 or more")

    def shares(self) -> dict[str, float]:
        """Return the splits and their shares of the photos."""
        shares = {"train": 1 - self.valid - self.test, "valid": self.valid}
        return {**shares, "test": self.test} if self.test else shares


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table with splits.

    Attributes:
        root: the folder that images are relative to.
        rows: column -> cell, of the photos that can be read.
        attributes: the columns that are attributes.
        groups: ``(N,)``, each row's group of rows that belong together.
        splits: each row's split.
        shares: the splits and the shares that were wished.
    """

    root: Path
    rows: Rows
    attributes: tuple[str, ...]
    groups: NDArray[np.int64]
    splits: tuple[str, ...]
    shares: Mapping[str, float]

    def write(self, out: Path) -> None:
        """Write the table as CSV; its paths lead from ``out`` to the photos.

        Raises:
            OSError: the file cannot be written.
        """
        columns = ["image", "split", *(name for name in ("product", "box") if any(row.get(name) for row in self.rows))]
        below = os.path.relpath(os.path.realpath(self.root), os.path.realpath(out.parent))
        write_csv(out, [*columns, *self.attributes], map(self._cells, self.rows, self.splits, [below] * len(self.rows)))

    def _cells(self, row: Mapping[str, str], split: str, below: str) -> dict[str, str]:
        image = row["image"] if below == os.curdir else os.path.join(below, row["image"])  # x/../a.jpg: x may be a link
        cells = {name: row[name] for name in self.attributes} | {"image": plain_path(image), "split": split}
        named = {"product": plain_name(row.get("product", "")), "box": row.get("box", "")}
        return cells | {name: cell for name, cell in named.items() if cell}


def prepare_table(
    source: LabelSource, wish: Wish, attributes: Sequence[str] | None = None, *, progress: bool = False
) -> Prepared:
    """Deal a table's photos to splits: groups that belong together are never in two, and values are balanced.

    Rows belong together if they have one product, one cell in ``wish.by``, one photo, photos with equal bytes or photos
    that show the same picture. Rows whose photo cannot be read are left out and counted in the log.

    Args:
        source: the table; its own splits are replaced.
        wish: how to deal.
        attributes: the attributes to keep and to balance; None for the table's.
        progress: whether to show a progress bar while photos are read.

    Raises:
        DataError: there is no table, no photo can be read, or there are fewer groups than splits.
        ValueError: a column is unknown.
    """
    table = source.table
    if table is None:
        raise DataError(f"{source.path}: holds no label table; index files of the ASEN papers have splits already")
    names = _attributes(table, attributes)
    by = _column(table, wish.by)
    _log_replaced(table)
    rows, pictures = _readable(table, progress=progress)
    rows, pictures = _once(table.root, rows, pictures)
    rows = _without_formulas(rows, names)
    groups = _groups(table, rows, pictures, by)
    shares = wish.shares()
    splits = deal_groups(groups, _labels(rows, names), list(shares.values()), wish.seed)
    named = tuple(list(shares)[split] for split in splits)
    return Prepared(table.root, rows, names, groups, named, shares)


def _attributes(table: LabelTable, attributes: Sequence[str] | None) -> tuple[str, ...]:
    names = table.attribute_columns if attributes is None else tuple(dict.fromkeys(attributes))
    if unknown := [name for name in names if name not in table.attribute_columns]:
        raise ValueError(f"unknown attribute {unknown[0]!r}; the table has {', '.join(table.attribute_columns)}")
    if formulas := [name for name in names if is_formula(name)]:
        raise ValueError(f"attribute {formulas[0]!r} begins like a spreadsheet's formula; call the column otherwise")
    return names


def _column(table: LabelTable, by: str | None) -> str | None:
    if by is None:
        return "product" if "product" in table.columns else None
    if by not in table.columns:
        raise ValueError(f"--by {by}: no such column; the table has {', '.join(table.columns)}")
    return by


def _log_replaced(table: LabelTable) -> None:
    if named := {split: count for split, count in table.splits().items() if split}:
        said = ", ".join(f"{split!r} ({count})" for split, count in named.items())
        logger.warning("the table's own splits are replaced: %s", said)
    if "role" in table.columns:
        logger.warning("the column 'role' is left out: queries follow from the new splits")


def _readable(table: LabelTable, *, progress: bool) -> tuple[Rows, NDArray[np.uint8]]:
    """Return the rows whose photo can be read, and a small picture of each; log the others."""
    images = list(dict.fromkeys(row["image"] for row in table.rows))
    pictures, unreadable = small_pictures([table.root / image for image in images], progress=progress)
    if len(unreadable) == len(images):
        reason = next(iter(unreadable.values()), "it has no row")
        raise DataError(f"{table.path}: none of its {len(images)} photos can be read: {reason}")
    place = {image: n for n, image in enumerate(images)}
    lost = Counter(place[row["image"]] in unreadable for row in table.rows)[True]
    if unreadable:
        named = listed(list(unreadable.values()), MOST_NAMED, "; ")
        logger.warning("%d rows are left out, for their photo cannot be read: %s", lost, named)
    rows = [row for row in table.rows if place[row["image"]] not in unreadable]
    return rows, pictures[[place[row["image"]] for row in rows]]


def _once(root: Path, rows: Rows, pictures: NDArray[np.uint8]) -> tuple[Rows, NDArray[np.uint8]]:
    """Return the first row of each photo, or of each garment of a photo; log the others.

    A table may list a photo once in each of its splits. In the new ones it has one place.
    """
    first: dict[tuple[str, str], int] = {}
    for n, row in enumerate(rows):
        first.setdefault((same_path(root, row["image"]), row.get("box", "")), n)
    if repeated := len(rows) - len(first):
        logger.warning("%d rows are left out, for an earlier row is of the same photo", repeated)
    places = list(first.values())
    return [rows[n] for n in places], pictures[places]


def _without_formulas(rows: Rows, names: Sequence[str]) -> Rows:
    """Return the rows without values that a spreadsheet would run; log how many there were."""
    found = [row[name] for row in rows for name in names if is_formula(row[name])]
    if not found:
        return rows
    logger.warning(
        "%d cells begin like a spreadsheet's formula and count as blank, such as %.60r", len(found), found[0]
    )
    return [{**row, **{name: "" for name in names if is_formula(row[name])}} for row in rows]


def _groups(table: LabelTable, rows: Rows, pictures: NDArray[np.uint8], by: str | None) -> NDArray[np.int64]:
    """Return each row's group; log what holds rows together."""
    paths = [table.root / row["image"] for row in rows]
    cells = {
        name: equal_cells([row.get(name, "") for row in rows])
        for name in dict.fromkeys(("image", "product", by))
        if name
    }
    known = joined_groups(len(rows), [part for parts in cells.values() for part in parts])
    equal = [*equal_files(paths), *equal_pictures(pictures)]
    groups = joined_groups(len(rows), [*(part for parts in cells.values() for part in parts), *equal])
    held = f"by {by!r}" if by else "by photo, for there is no column 'product'"
    logger.info("%d rows in %d groups, %s", len(rows), int(groups.max()) + 1, held)
    if joined := int(known.max() - groups.max()):
        logger.warning(
            "%d groups are joined with others, for photos of theirs are equal or show the same picture", joined
        )
    _log_largest(rows, groups)
    return groups


def _log_largest(rows: Rows, groups: NDArray[np.int64]) -> None:
    """Warn of a group that a split cannot do without: perhaps one picture stands for many products."""
    largest = int(np.bincount(groups).argmax())
    members = np.flatnonzero(groups == largest)
    if len(members) > len(rows) * LARGE:
        image = rows[members[0]]["image"]
        logger.warning(
            "one group has %d of %d rows, such as %s: it is in one split as a whole; if a picture stands for many "
            "products, leave its rows out",
            *(len(members), len(rows), image),
        )


def _labels(rows: Rows, names: Sequence[str]) -> NDArray[np.int64]:
    """Return ``(L, 2)``: each row, and the number of each value that it has."""
    numbers: dict[tuple[str, str], int] = {}
    labels = [
        (n, numbers.setdefault((name, row[name]), len(numbers)))
        for n, row in enumerate(rows)
        for name in names
        if row[name]
    ]
    return np.array(labels, np.int64).reshape(-1, 2)
