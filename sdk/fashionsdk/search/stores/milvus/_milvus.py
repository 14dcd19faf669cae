"""A gallery in Milvus: the server filters and scores, and the best are summed again exactly."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends import SharedResource
from fashionsdk.errors import GalleryError
from fashionsdk.search.query import Condition, Require
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._milvus_location import Location
from fashionsdk.search.stores._store import JSON, Answers, Items, stored_key_error
from fashionsdk.search.stores.milvus import _view
from fashionsdk.search.stores.milvus._connection import Connection
from fashionsdk.search.stores.milvus._head import Heads, Turn, read_meta
from fashionsdk.search.stores.milvus._reading import AllItems
from fashionsdk.search.stores.milvus._rows import COLUMNS, Stored, rows_of
from fashionsdk.search.stores.milvus._schema import open_collection
from fashionsdk.search.stores.milvus._search import Asked, searched
from fashionsdk.search.stores.milvus._view import RowsGone, View, Views
from fashionsdk.search.stores.milvus._writing import Writer

STEP = 0.2  # seconds, more than the server's time moves at once: it might seem too early otherwise
TRIES = 5  # of a read whose rows were purged meanwhile
T = TypeVar("T")


class MilvusStore(SharedResource):
    """A `fashionsdk.search.stores.Store` in a Milvus server or cluster.

    Any number of processes and machines may read, and may write: writers take turns. A write is in the server's log
    when it returns, and visible as a whole. Searches are exact: the server scores every row that may be an answer, and
    the best are summed again. In a gallery with an HNSW index candidates come from there.

    Args:
        location: where it is.
        contract: of a gallery to make if there is none; ``None`` to make none.
        read_only: whether writes are refused.

    Raises:
        GalleryError: the server cannot be reached, or there is no gallery.
    """

    def __init__(self, location: Location, contract: Contract | None = None, *, read_only: bool = False) -> None:
        super().__init__("this gallery")
        self._location, self._read_only = location, read_only
        self._connection = Connection(location)
        try:
            self._contract = open_collection(self._connection, contract)
        except BaseException:
            self._connection.close()
            raise
        self._heads = Heads(self._connection)
        self._views = Views(self._connection, self._contract, self._heads)
        self._writer = Writer(self._connection, self._contract, self._views)

    def __reduce__(self) -> tuple[object, ...]:
        """Connect again in another process."""
        return partial(MilvusStore, read_only=self._read_only), (self._location,)

    @property
    def contract(self) -> Contract:
        """What the vectors come from."""
        return self._contract

    def __len__(self) -> int:
        """Return G, the number of items."""
        with self._in_use():
            return self._heads.read().state.count

    def known(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that items have."""
        asked = list(keys)
        return set(self._read(lambda view: view.by_keys(asked, ["key"])))

    def get(self, keys: Sequence[str], attributes: Iterable[str] | None = None) -> Items:
        """Return the items with these different keys, in the order given."""
        names = self._names(attributes)

        def read(view: View) -> Items:
            found = view.by_keys(keys, COLUMNS)
            view.check_known(keys, found)
            stored = Stored.read(self._contract, list(found.values()))
            rows = {key: row for row, key in enumerate(stored.keys)}
            return stored.items(names).at([rows[key] for key in keys])

        return self._read(read)

    def items(self, attributes: Iterable[str] | None = None) -> Iterator[Items]:
        """Yield all items in order, as they were at the call."""
        names = self._names(attributes)
        with self._in_use():
            return iter(AllItems(self._location, self._contract, names))

    def add(self, items: Items, *, replace: bool = False) -> None:
        """Add items; with ``replace``, those whose keys are stored take the place of the stored ones."""
        if not items.keys:
            with self._in_use():
                return self._check_writable()
        with self._writing() as (turn, view):
            known = view.by_keys(items.keys, ["id", "place", "key"])
            stored = next((key for key in items.keys if key in known), None) if known else None
            if stored is not None and not replace:
                raise stored_key_error(stored)
            new = iter(range(view.state.next_place, view.state.next_place + len(items.keys)))
            places = [known[key]["place"] if key in known else next(new) for key in items.keys]
            added = len(items.keys) - len(known)
            removed = [row["id"] for row in known.values()]
            self._writer.write(turn, rows_of(self._contract, items, places), removed, added, added)
        return None

    def update(self, keys: Sequence[str], changes: Sequence[Mapping[str, JSON]]) -> None:
        """Set fields of these items' metadata."""
        with self._writing() as (turn, view):
            found = view.by_keys(keys, COLUMNS)
            view.check_known(keys, found)
            if not found:
                return
            stored = Stored.read(self._contract, list(found.values()))
            asked = dict(zip(keys, changes, strict=True))
            items = stored.items(list(self._contract.dimensions))
            changed = [{**entry, **asked[key]} for key, entry in zip(items.keys, items.metadata, strict=True)]
            rows = rows_of(self._contract, Items(items.keys, items.vectors, changed), stored.places.tolist())
            self._writer.write(turn, rows, stored.ids.tolist(), 0, 0)

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the items with these keys."""
        different = list(dict.fromkeys(keys))
        with self._writing() as (turn, view):
            found = view.by_keys(different, ["id", "key"])
            view.check_known(different, found)
            if found:
                self._writer.write(turn, [], [row["id"] for row in found.values()], -len(found), 0)

    def search(
        self,
        queries: Mapping[str, NDArray[np.float32]],
        k: int,
        *,
        where: Condition | None = None,
        require: Require = "any",
    ) -> Answers:
        """Return the items with the largest sums of inner products for each query."""
        vectors = {name: np.asarray(rows, np.float32) for name, rows in queries.items()}

        def search(view: View) -> Answers:
            asked = Asked.of(view, vectors, k, where, require, self._location.approximate)
            return searched(view, vectors, asked)

        return self._read(search)

    def vacuum(self) -> None:
        """Delete the rows that were replaced or removed, once nobody can be reading them, and tidy the storage.

        Items that the server lost are not counted any more.
        """
        with self._in_use():
            self._check_writable()
            state = self._heads.read().state
            if state.replaced or state.abandoned or self._views.of(state).missing():
                with self._heads.turn() as turn:
                    self._writer.mark(turn)
                time.sleep(_view.GRACE + STEP)
                with self._heads.turn() as turn:
                    self._writer.purge(turn)
            self._writer.tidy()

    def details(self) -> Mapping[str, JSON]:
        """Return what the server holds, and what runs there.

        ``missing_items`` are items that were acknowledged and that the server has not any more.
        """
        missing = self._read(View.missing)
        with self._in_use():
            state = self._heads.read().state
            stored = int(self._connection.call("get_collection_stats", self._location.gallery)["row_count"])
            version = str(self._connection.call("get_server_version"))
        length = sum(self._contract.dimensions.values())
        return {
            "kind": "milvus",
            "server": version.removeprefix("v"),
            "index": "HNSW" if self._location.approximate else "FLAT",
            "stored_rows": stored,
            "replaced_rows": state.replaced,
            "missing_items": missing,
            "vector_bytes": 4 * length * state.count,
        }

    def _free(self) -> None:
        self._connection.close()

    def _names(self, attributes: Iterable[str] | None) -> list[str]:
        return list(self._contract.dimensions if attributes is None else attributes)

    def _read(self, ask: Callable[[View], T]) -> T:
        """Return what is read from one state of the gallery, read again if its rows were purged meanwhile."""
        with self._in_use():
            for _ in range(TRIES):
                began = time.monotonic()
                view = self._views.now()
                try:
                    answer = ask(view)
                except RowsGone:
                    continue
                if self._views.holds(view, began):
                    return answer
        raise GalleryError(f"the gallery {self._location}: writers were faster than {TRIES} tries to read; try again")

    @contextmanager
    def _writing(self) -> Iterator[tuple[Turn, View]]:
        """Yield a turn to write, and a view of what is there: nothing else changes it meanwhile."""
        with self._in_use():
            self._check_writable()
            with self._heads.turn() as turn:
                yield turn, self._views.of(turn.state)

    def _check_writable(self) -> None:
        if self._read_only:
            raise GalleryError(f"the gallery {self._location} was opened to read only; open it without read_only")


def open_milvus(address: str, contract: Contract | None, *, read_only: bool) -> MilvusStore:
    """Open the gallery at an address; with a contract, make it if it is not there.

    Raises:
        ValueError: a part of the address has a wrong value.
        GalleryError: the server cannot be reached, or there is no gallery.
    """
    return MilvusStore(Location.parse(address), contract, read_only=read_only)


def milvus_contract(address: str) -> Contract | None:
    """Return the contract of the gallery at an address, ``None`` if there is none yet.

    Raises:
        ValueError: a part of the address has a wrong value.
        GalleryError: the server cannot be reached.
    """
    connection = Connection(Location.parse(address))
    try:
        found = read_meta(connection)
    finally:
        connection.close()
    return None if found is None else found[0]
