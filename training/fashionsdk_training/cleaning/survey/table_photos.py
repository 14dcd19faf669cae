"""The photos of a label table, each once, with their labels as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import Attribute, select
from fashionsdk.labels import LabelSource, LabelTable
from fashionsdk.photos import Cutout
from fashionsdk_training.errors import DataError


@dataclass(frozen=True, eq=False)
class TableItems:
    """N photos, or garments of photos, of all splits of a table.

    Attributes:
        root: the folder that images are relative to.
        rows: each one's first row in the table.
        splits: the splits that each one stands in.
        attributes: the A attributes.
        values: ``(N, A)`` value indices, -1 where there is no label.
    """

    root: Path
    rows: tuple[dict[str, str], ...]
    splits: tuple[tuple[str, ...], ...]
    attributes: tuple[Attribute, ...]
    values: NDArray[np.int64]

    @property
    def sources(self) -> list[Path | Cutout]:
        """The N photos to read."""
        paths = [self.root / row["image"] for row in self.rows]
        boxes = LabelTable.boxes(self.rows)
        if not boxes:
            return list(paths)
        return [path if box is None else Cutout(path, box) for path, box in zip(paths, boxes, strict=True)]

    def name(self, item: int) -> str:
        """Return a photo's path, with its box if it has one."""
        row = self.rows[item]
        return f"{row['image']} [{row['box']}]" if row.get("box") else row["image"]

    def value(self, item: int, attribute: int) -> str:
        """Return a label, "" for none."""
        value = int(self.values[item, attribute])
        return self.attributes[attribute].values[value] if value >= 0 else ""


def table_items(source: LabelSource, attributes: Sequence[str] | None = None) -> TableItems:
    """Return the photos of a table, each once, whatever splits it stands in.

    Args:
        source: the table.
        attributes: the attributes to look at; None for all.

    Raises:
        DataError: there is no table, or it has no row.
        ValueError: an attribute is unknown.
    """
    table = source.table
    if table is None:
        raise DataError(
            f"{source.path}: holds no label table; expected one, index files of the ASEN papers are not read"
        )
    if not table.rows:
        raise DataError(f"{table.path}: has no rows; expected a row for each photo")
    places = table.places()
    known = table.attributes()
    chosen = tuple(known[n] for n in select([each.name for each in known], attributes))
    rows = tuple(table.rows[each[0]] for each in places.values())
    splits = tuple(tuple(dict.fromkeys(table.rows[n]["split"] for n in each)) for each in places.values())
    return TableItems(table.root, rows, splits, chosen, _values(rows, chosen))


def _values(rows: Sequence[dict[str, str]], attributes: Sequence[Attribute]) -> NDArray[np.int64]:
    numbers = [{"": -1} | {value: n for n, value in enumerate(each.values)} for each in attributes]
    cells = [[number[row[each.name]] for each, number in zip(attributes, numbers, strict=True)] for row in rows]
    return np.array(cells, np.int64).reshape(len(rows), len(attributes))
