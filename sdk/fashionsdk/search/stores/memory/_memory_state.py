"""What a store in memory holds after one write: rows that later writes may continue but never change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fashionsdk.search.scan import Columns, Rows, VectorColumn, encoded
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._store import JSON, Items, unknown_key_error


@dataclass(frozen=True, eq=False)
class State:
    """What the store holds after one write. The next write makes another one, so readers of this one go on.

    The lists, the dict and the arrays may be longer than ``count`` says: the next states continue them.
    """

    count: int
    keys: list[str]
    metadata: list[Mapping[str, JSON]]
    places: dict[str, int]
    columns: Mapping[str, VectorColumn]
    fields: Columns

    @classmethod
    def of(cls, contract: Contract, items: Items) -> "State":
        """Return a state that adopts these items' arrays."""
        empty = {name: np.empty((0, dimension), np.float32) for name, dimension in contract.dimensions.items()}
        vectors = empty | dict(items.vectors)
        columns = {
            name: VectorColumn.of(contract.codec, encoded(contract.codec, rows)) for name, rows in vectors.items()
        }
        places = {key: row for row, key in enumerate(items.keys)}
        metadata = list(items.metadata)
        return cls(len(items.keys), list(items.keys), metadata, places, columns, Columns.of(metadata, len(metadata)))

    @cached_property
    def rows(self) -> Rows:
        """The items to scan."""
        first = {name: column.first(self.count) for name, column in self.columns.items()}
        vectors = {name: vectors for name, (vectors, _) in first.items()}
        return Rows(self.count, vectors, {name: present for name, (_, present) in first.items()}, self.fields)

    def row(self, key: str) -> int | None:
        """Return the row of the item with this key, or ``None``."""
        row = self.places.get(key)
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
        columns = {
            name: column.appended(self.count, encoded(column.codec, items.vectors[name]))
            for name, column in self.columns.items()
        }
        self.keys[self.count :] = items.keys
        self.metadata[self.count :] = items.metadata
        self.places.update(zip(items.keys, range(self.count, total), strict=True))
        fields = self.fields.appended(self.metadata, list(items.metadata))
        return State(total, self.keys, self.metadata, self.places, columns, fields)

    def replaced(self, items: Items) -> "State":
        """Return these items with others in the place of those that have the same keys."""
        state, rows = self.updated(items.keys, items.metadata), self.rows_of(items.keys)
        columns = {
            name: column.replaced(self.count, rows, encoded(column.codec, items.vectors[name]))
            for name, column in self.columns.items()
        }
        return State(state.count, state.keys, state.metadata, state.places, columns, state.fields)

    def updated(self, keys: Sequence[str], entries: Sequence[Mapping[str, JSON]]) -> "State":
        """Return these items with other metadata for these keys."""
        rows = self.rows_of(keys)
        metadata = self.metadata[: self.count]
        for row, entry in zip(rows, entries, strict=True):
            metadata[row] = entry
        return State(self.count, self.keys, metadata, self.places, self.columns, self.fields.replaced(metadata, rows))

    def only(self, rows: list[int]) -> "State":
        """Return the items of these rows."""
        keys = [self.keys[row] for row in rows]
        columns = {name: column.only(rows) for name, column in self.columns.items()}
        places = {key: place for place, key in enumerate(keys)}
        metadata = [self.metadata[row] for row in rows]
        return State(len(keys), keys, metadata, places, columns, self.fields.only(metadata, rows))
