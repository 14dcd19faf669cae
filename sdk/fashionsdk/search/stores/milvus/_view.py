"""A gallery as it was after one write: what is read through a view is of that state, beside any number of writers."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.errors import GalleryError
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._store import unknown_key_error
from fashionsdk.search.stores.milvus._connection import Connection
from fashionsdk.search.stores.milvus._head import Heads
from fashionsdk.search.stores.milvus._rows import COLUMNS, Stored, key_hash, key_text, removed_ids
from fashionsdk.search.stores.milvus._state import State

ASKED_AT_ONCE, MOST_PLACES = 500, 2000  # rows, and places that are looked at for them
LOOKED_UP_AT_ONCE = 1000  # keys
GRACE = 10.0  # seconds for which replaced rows stay where they are, so that who reads an older state finds them

Hit = tuple[int, float]  # id, rough score


class RowsGone(GalleryError):
    """Rows of an older state were purged while they were read."""


class View:
    """What is visible after one write.

    Args:
        connection: to the server.
        contract: of the gallery.
        state: after the write.
        replaced: the ids of rows that are not visible any more and may still be there.
    """

    def __init__(self, connection: Connection, contract: Contract, state: State, replaced: Sequence[int]) -> None:
        self.state, self.contract = state, contract
        self._connection, self._gallery = connection, connection.location.gallery
        self._visible = state.visible(replaced)

    def query(self, filter: str, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Return these columns of the visible rows that an expression finds."""
        return _query(self._connection, self.state, f"{filter} and {self._visible}", columns)

    def by_keys(self, keys: Sequence[str], columns: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return key -> these columns, ``key`` among them, of the items that have one of the keys."""
        found: dict[str, dict[str, Any]] = {}
        asked = {key_text(key): key for key in keys}
        for some in slices(len(keys), LOOKED_UP_AT_ONCE):
            hashes = sorted({key_hash(key) for key in keys[some]})
            for row in self.query(f"key_hash in {hashes}", columns):
                if row["key"] in asked:  # else another key with the same hash
                    found[asked[row["key"]]] = row
        return found

    def check_known(self, keys: Sequence[str], found: Mapping[str, object]) -> None:
        """Check that each key was found.

        Raises:
            ValueError: one was not.
        """
        for key in keys:
            if key not in found:
                raise unknown_key_error(key, self.state.count)

    def by_ids(self, ids: Sequence[int]) -> Iterator[Stored]:
        """Yield the rows with these ids, some at a time.

        Raises:
            RowsGone: one is not there any more.
        """
        for some in slices(len(ids), ASKED_AT_ONCE):
            asked = list(ids[some])
            rows = _query(self._connection, self.state, f"id in {asked}", COLUMNS)
            if len(rows) < len(asked):
                raise RowsGone(f"the gallery {self._connection.location}: rows were removed while they were read")
            yield Stored.read(self.contract, rows)

    def pages(self, filter: str = "") -> Iterator[Stored]:
        """Yield all rows that an expression finds, in order, some at a time."""
        start, length = 0, ASKED_AT_ONCE
        while start < self.state.next_place:
            window = f"place >= {start} and place < {start + length}"
            rows = self.query(f"{window} and {filter}" if filter else window, COLUMNS)
            if rows:
                yield Stored.read(self.contract, rows)
            start += length
            # Places whose items were removed are empty. A wider window may meet more rows again, but not too many.
            length = min(2 * length, MOST_PLACES) if len(rows) < ASKED_AT_ONCE // 2 else ASKED_AT_ONCE

    def search(
        self, vectors: NDArray[np.float32], limit: int, filter: str, parameters: Mapping[str, int]
    ) -> list[list[Hit]]:
        """Return the ids and inner products of the rows that the index finds for each of the vectors ``(Q, D)``."""
        found = self._connection.call(
            "search",
            self._gallery,
            data=list(vectors),
            anns_field="vector",
            filter=f"{filter} and {self._visible}",
            limit=limit,
            search_params={"metric_type": "IP", "params": dict(parameters)},
            consistency_level="Customized",
            guarantee_timestamp=self.state.timestamp,
        )
        return [[(hit["id"], hit["distance"]) for hit in hits] for hits in found]

    def count(self, filter: str) -> int:
        """Return how many rows an expression finds."""
        return self._count(self.state, filter)

    def missing(self) -> int:
        """Return how many items the server has lost, by all that it was sent until now."""
        now = replace(self.state, timestamp=self._connection.time())
        return max(0, self.state.count - self._count(now, "place >= 0"))  # a row that was sent twice counts twice

    def _count(self, state: State, filter: str) -> int:
        rows = _query(self._connection, state, f"{filter} and {self._visible}", ["count(*)"])
        return int(rows[0]["count(*)"])


class Views:
    """Takes views of a gallery.

    Args:
        connection: to the server.
        contract: of the gallery.
        heads: of the gallery.
    """

    def __init__(self, connection: Connection, contract: Contract, heads: Heads) -> None:
        self._connection, self._contract, self._heads = connection, contract, heads
        self._known: tuple[State, Sequence[int]] = State(), ()

    def now(self) -> View:
        """Return a view of the gallery as it is; it holds for `GRACE` seconds."""
        return self.of(self._heads.read().state)

    def of(self, state: State) -> View:
        """Return a view of the gallery in a state that was just read."""
        known, replaced = self._known
        if not state.replaced:
            replaced = ()
        elif known != state:
            replaced = self.replaced(state, state.version)
            self._known = state, replaced
        return View(self._connection, self._contract, state, replaced)

    def replaced(self, state: State, until: int) -> list[int]:
        """Return the ids of the rows that were replaced or removed since the last purge, up to a write."""
        return removed_ids(_query(self._connection, state, state.removals(until), ["metadata"]))

    def ids(self, state: State, filter: str) -> list[int]:
        """Return the ids of the rows that an expression finds, visible or not."""
        return [row["id"] for row in _query(self._connection, state, filter, ["id"])]

    def holds(self, view: View, since: float) -> bool:
        """Tell whether all rows of a view that was taken then, by the monotonic clock, are still there."""
        return time.monotonic() - since < GRACE or self._heads.read().state.purged <= view.state.version


def _query(connection: Connection, state: State, filter: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    return list(
        connection.call(
            "query",
            connection.location.gallery,
            filter=filter,
            output_fields=list(columns),
            consistency_level="Customized",
            guarantee_timestamp=state.timestamp,
        )
    )
