"""What a store in memory holds after one write: rows that later writes may continue but never change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search.stores._store import JSON, Contract, Items, unknown_key_error

T = TypeVar("T", np.float32, np.bool_)


@dataclass(frozen=True, eq=False)
class Column:
    """One attribute's vectors ``(capacity, D_a)``, which items have it ``(capacity,)``, and whether all have."""

    vectors: NDArray[np.float32]
    present: NDArray[np.bool_]
    whole: bool

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> "Column":
        """Return a column that adopts these vectors."""
        present = _present(vectors)
        return cls(vectors, present, bool(present.all()))

    def appended(self, count: int, rows: NDArray[np.float32]) -> "Column":
        """Return the first ``count`` rows and these; rows from ``count`` on belong to nobody yet."""
        present, total = _present(rows), count + len(rows)
        column = Column(
            _reserve(self.vectors, count, total),
            _reserve(self.present, count, total),
            self.whole and bool(present.all()),
        )
        column.vectors[count:total], column.present[count:total] = rows, present
        return column

    def replaced(self, count: int, rows: list[int], vectors: NDArray[np.float32]) -> "Column":
        """Return a copy of the first ``count`` rows with other vectors in these rows."""
        copy = self.vectors[:count].copy()
        copy[rows] = vectors
        return Column.of(copy)


@dataclass(frozen=True, eq=False)
class State:
    """What the store holds after one write. The next write makes another one, so readers of this one go on.

    The lists, the dict and the arrays may be longer than ``count`` says: the next states continue them.
    """

    count: int
    keys: list[str]
    metadata: list[Mapping[str, JSON]]
    rows: dict[str, int]
    columns: Mapping[str, Column]

    @classmethod
    def of(cls, contract: Contract, items: Items) -> "State":
        """Return a state that adopts these items' arrays."""
        empty = {name: np.empty((0, dimension), np.float32) for name, dimension in contract.dimensions.items()}
        columns = {name: Column.of(vectors) for name, vectors in (empty | dict(items.vectors)).items()}
        rows = {key: row for row, key in enumerate(items.keys)}
        return cls(len(items.keys), list(items.keys), list(items.metadata), rows, columns)

    def row(self, key: str) -> int | None:
        """Return the row of the item with this key, or ``None``."""
        row = self.rows.get(key)
        return row if row is not None and row < self.count and self.keys[row] == key else None

    def rows_of(self, keys: Iterable[str]) -> list[int]:
        """Return the rows of the items with these keys.

        Raises:
            ValueError: no item has one of the keys.
        """
        rows = []
        for key in keys:
            row = self.row(key)
            if row is None:
                raise unknown_key_error(key, self.count)
            rows.append(row)
        return rows

    def appended(self, items: Items) -> "State":
        """Return these items and new ones; memory is reserved for all attributes before anything changes."""
        total = self.count + len(items.keys)
        columns = {name: column.appended(self.count, items.vectors[name]) for name, column in self.columns.items()}
        self.keys[self.count :] = items.keys
        self.metadata[self.count :] = items.metadata
        self.rows.update(zip(items.keys, range(self.count, total), strict=True))
        return State(total, self.keys, self.metadata, self.rows, columns)

    def replaced(self, items: Items) -> "State":
        """Return these items with others in the place of those that have the same keys."""
        rows = self.rows_of(items.keys)
        metadata = self.metadata[: self.count]
        for row, entry in zip(rows, items.metadata, strict=True):
            metadata[row] = entry
        columns = {
            name: column.replaced(self.count, rows, items.vectors[name]) for name, column in self.columns.items()
        }
        return State(self.count, self.keys, metadata, self.rows, columns)

    def only(self, rows: list[int]) -> "State":
        """Return the items of these rows."""
        keys = [self.keys[row] for row in rows]
        columns = {name: Column.of(column.vectors[rows]) for name, column in self.columns.items()}
        places = {key: place for place, key in enumerate(keys)}
        return State(len(keys), keys, [self.metadata[row] for row in rows], places, columns)


def _present(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which rows are not all zeros, without a temporary array as large as the vectors."""
    present: NDArray[np.bool_] = np.einsum("nd,nd->n", vectors, vectors) > 0
    return present


def _reserve(stored: NDArray[T], count: int, total: int) -> NDArray[T]:
    """Return an array with room for ``total`` rows that keeps the first ``count``; it grows by doubling."""
    if total <= len(stored):
        return stored
    grown = np.empty((max(total, 2 * count), *stored.shape[1:]), stored.dtype)
    grown[:count] = stored[:count]
    return grown
