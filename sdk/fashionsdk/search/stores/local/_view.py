"""What a search reads: a snapshot, and in memory what was written since."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search.query import Condition, Require
from fashionsdk.search.scan import Best, Columns, Rows, VectorColumn, merged_best, reserved
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._packing import unpacked
from fashionsdk.search.stores._store import JSON
from fashionsdk.search.stores.local._snapshot import Snapshot

READ_AT_ONCE = 10_000  # rows of the database


@dataclass(frozen=True, eq=False)
class Delta:
    """Rows in the order in which they were written. Later ones may be of items that earlier ones were of.

    The arrays, the list and the dict may be longer than ``count`` says: the next deltas continue them.

    Attributes:
        count: how many rows there are.
        places: of the items, ``(capacity,)``.
        vectors: attribute -> their vectors.
        metadata: JSON objects.
        columns: the same by field.
        latest: place -> its newest row.
        stale: rows that are not the newest of their item, or whose item was removed.
    """

    count: int
    places: NDArray[np.int64]
    vectors: Mapping[str, VectorColumn]
    metadata: list[Mapping[str, JSON]]
    columns: Columns
    latest: dict[int, int]
    stale: NDArray[np.int64]

    @classmethod
    def empty(cls, contract: Contract) -> "Delta":
        """Return a delta without rows."""
        none = unpacked(contract, [])
        vectors = {name: VectorColumn.of(contract.codec, stored) for name, stored in none.items()}
        metadata: list[Mapping[str, JSON]] = []
        nowhere = np.empty(0, np.int64)
        return cls(0, nowhere, vectors, metadata, Columns.of(metadata, 0), {}, nowhere)

    def appended(
        self, places: Sequence[int], stored: Mapping[str, NDArray[Any]], entries: list[Mapping[str, JSON]]
    ) -> "Delta":
        """Return these rows and newer ones, of different items."""
        total = self.count + len(places)
        vectors = {name: column.appended(self.count, stored[name]) for name, column in self.vectors.items()}
        grown = reserved(self.places, self.count, total)
        grown[self.count : total] = places
        self.metadata[self.count :] = entries
        old = [row for place in places if (row := self.latest.get(place)) is not None]
        self.latest.update(zip(places, range(self.count, total), strict=True))
        return Delta(
            total,
            grown,
            vectors,
            self.metadata,
            self.columns.appended(self.metadata, entries),
            self.latest,
            np.concatenate([self.stale, np.array(old, np.int64)]),
        )

    def without(self, places: Sequence[int]) -> "Delta":
        """Return these rows without those of removed items."""
        gone = [row for place in places if (row := self.latest.pop(place, None)) is not None]
        return replace(self, stale=np.concatenate([self.stale, np.array(gone, np.int64)]))

    def rows(self) -> Rows:
        """Return the rows to scan."""
        first = {name: column.first(self.count) for name, column in self.vectors.items()}
        return Rows(
            self.count,
            {name: vectors for name, (vectors, _) in first.items()},
            {name: present for name, (_, present) in first.items()},
            self.columns,
            self.stale,
            self.places[: self.count],
        )


@dataclass(frozen=True, eq=False)
class View:
    """The gallery after one write.

    Attributes:
        version: the write's number.
        base: name of the snapshot that the database named; "" for none.
        snapshot: ``None`` if there is none, or it is lost; then the delta holds all.
        stale: rows of the snapshot that the delta or nobody has.
        delta: what was written since the snapshot.
        parts: both to scan.
    """

    version: int
    base: str
    snapshot: Snapshot | None
    stale: NDArray[np.int64]
    delta: Delta
    parts: tuple[Rows, ...]

    @classmethod
    def of(cls, version: int, base: str, snapshot: Snapshot | None, stale: NDArray[np.int64], delta: Delta) -> "View":
        """Return a view of these."""
        parts = [delta.rows()] if delta.count else []
        if snapshot is not None:
            parts.insert(0, replace(snapshot.rows, stale=stale))
        return cls(version, base, snapshot, stale, delta, tuple(parts))

    @classmethod
    def start(cls, contract: Contract, base: str, snapshot: Snapshot | None) -> "View":
        """Return the gallery as a snapshot has it; without one, before the first write."""
        version = 0 if snapshot is None else snapshot.version
        return cls.of(version, base, snapshot, np.empty(0, np.int64), Delta.empty(contract))

    def best(
        self, queries: Mapping[str, NDArray[np.float32]], k: int, where: Condition | None, require: Require
    ) -> tuple[Best, NDArray[np.int64]]:
        """Return the best rows for each query, and their items' places ``(Q, K)``."""
        total = len(next(iter(queries.values())))
        bests = [part.best(queries, k, where, require) for part in self.parts]
        if not bests:
            bests = [Best.none_yet(total, 0, len(queries))]
        return merged_best(bests, [self._places(part)[best.rows] for part, best in self._with(bests)], k)

    def _with(self, bests: Sequence[Best]) -> list[tuple[Rows | None, Best]]:
        return list(zip(self.parts or (None,), bests, strict=True))

    def _places(self, part: Rows | None) -> NDArray[np.int64]:
        if part is None:
            return np.empty(0, np.int64)
        if part.order is not None:
            return part.order
        assert self.snapshot is not None, "only a snapshot's rows are in their own order"
        return self.snapshot.places

    def refreshed(self, connection: sqlite3.Connection, contract: Contract, version: int) -> "View":
        """Return the gallery after a later write, which the connection's transaction sees."""
        delta, written, gone = self.delta, list[int](), list[int]()
        changed = connection.execute(
            "SELECT place, vectors, metadata FROM items WHERE version > ? ORDER BY version, place", (self.version,)
        )
        while rows := changed.fetchmany(READ_AT_ONCE):
            places, blobs, texts = zip(*rows, strict=True)
            delta = delta.appended(places, unpacked(contract, blobs), [json.loads(text) for text in texts])
            written += places
        gone = [
            place for (place,) in connection.execute("SELECT place FROM removed WHERE version > ?", (self.version,))
        ]
        if gone:
            delta = delta.without(gone)
        stale = np.concatenate([self.stale, self._snapshot_rows([*written, *gone])])
        return View.of(version, self.base, self.snapshot, stale, delta)

    def _snapshot_rows(self, places: Sequence[int]) -> NDArray[np.int64]:
        """Return the snapshot's rows of the items at these places, as far as it has them."""
        if self.snapshot is None or not places or not len(self.snapshot.places):
            return np.empty(0, np.int64)
        wanted = np.array(places, np.int64)
        rows = np.searchsorted(self.snapshot.places, wanted)
        inside = rows < len(self.snapshot.places)
        rows, wanted = rows[inside], wanted[inside]
        found: NDArray[np.int64] = rows[self.snapshot.places[rows] == wanted]
        return found
