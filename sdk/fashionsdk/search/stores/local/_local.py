"""A gallery in a folder: SQLite holds the truth, and a mapped snapshot with what came since is searched."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends import SharedResource
from fashionsdk.errors import GalleryError
from fashionsdk.search.query import Condition, Require
from fashionsdk.search.scan import decoded
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._json_values import encode_json
from fashionsdk.search.stores._packing import key_bytes, key_text, packed, unpacked
from fashionsdk.search.stores._store import JSON, Answers, Items, stored_key_error
from fashionsdk.search.stores.local._database import (
    FILE,
    Connections,
    Head,
    database_errors,
    read_contract,
    read_head,
    write_head,
)
from fashionsdk.search.stores.local._keeper import ViewKeeper
from fashionsdk.search.stores.local._statements import UPSERT, AllRows, by_keys, by_places, check_known


class LocalStore(SharedResource):
    """A `fashionsdk.search.stores.Store` in a folder.

    Any number of threads and processes may read, and may write: writers take turns. A write is on disk when it returns.

    Args:
        folder: where it is.
        read_only: whether writes are refused. Then the folder need not be writable.

    Raises:
        GalleryError: there is no gallery, or it is damaged.
    """

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        super().__init__("this gallery")
        self._folder, self._read_only = folder, read_only
        self._connections = Connections(folder, read_only=read_only)
        with self._connections.transaction() as connection:
            self._contract = read_contract(connection, folder)
            read_head(connection)
        self._keeper = ViewKeeper(folder, self._contract, self._connections)

    def __reduce__(self) -> tuple[object, ...]:
        """Open the folder again in another process."""
        return open_folder, (self._folder.absolute(), self._read_only)

    @property
    def contract(self) -> Contract:
        """What the vectors come from."""
        return self._contract

    def __len__(self) -> int:
        """Return G, the number of items."""
        with self._in_use(), self._connections.transaction() as connection:
            return read_head(connection).count

    def known(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that items have."""
        with self._in_use(), self._connections.transaction() as connection:
            return {key_text(key) for (key,) in by_keys(connection, "key", list(keys))}

    def get(self, keys: Sequence[str], attributes: Iterable[str] | None = None) -> Items:
        """Return the items with these different keys, in the order given."""
        with self._in_use(), self._connections.transaction() as connection:
            found = {row[0]: row[1:] for row in by_keys(connection, "key, vectors, metadata", keys)}
            rows = [found.get(key_bytes(key)) for key in keys]
            check_known(keys, rows, connection)
        return self._items(list(keys), [row for row in rows if row is not None], attributes)

    def items(self, attributes: Iterable[str] | None = None) -> Iterator[Items]:
        """Yield all items in order, as they were at the call."""
        names = None if attributes is None else list(attributes)
        with self._in_use():
            rows = AllRows(self._connections.open())
        return (
            self._items([key_text(key) for key, *_ in some], [tuple(row) for _, *row in some], names) for some in rows
        )

    def add(self, items: Items, *, replace: bool = False) -> None:
        """Add items; with ``replace``, those whose keys are stored take the place of the stored ones."""
        blobs = packed(self._contract, items.vectors) if items.keys else []
        rows = [
            (key_bytes(key), blob, encode_json(dict(entry)).decode("ascii"))
            for key, blob, entry in zip(items.keys, blobs, items.metadata, strict=True)
        ]
        with self._writing(len(rows)) as (connection, head):
            keys = {key for (key,) in by_keys(connection, "key", items.keys)}
            stored = next((key for key in items.keys if key_bytes(key) in keys), None) if keys else None
            if stored is not None and not replace:
                raise stored_key_error(stored)
            connection.executemany(UPSERT, [(key, head.version, blob, text) for key, blob, text in rows])
            self._count(connection, len(rows) - len(keys))

    def update(self, keys: Sequence[str], changes: Sequence[Mapping[str, JSON]]) -> None:
        """Set fields of these items' metadata."""
        with self._writing(len(keys)) as (connection, head):
            found: dict[bytes, str] = dict(by_keys(connection, "key, metadata", keys))
            old = [found.get(key_bytes(key)) for key in keys]
            check_known(keys, old, connection)
            merged = [{**json.loads(text or "{}"), **change} for text, change in zip(old, changes, strict=True)]
            connection.executemany(
                "UPDATE items SET metadata = ?, version = ? WHERE key = ?",
                [
                    (encode_json(entry).decode("ascii"), head.version, key_bytes(key))
                    for key, entry in zip(keys, merged, strict=True)
                ],
            )

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the items with these keys."""
        different = list(dict.fromkeys(keys))
        with self._writing(len(different)) as (connection, head):
            found: dict[bytes, int] = dict(by_keys(connection, "key, place", different))
            places = [found.get(key_bytes(key)) for key in different]
            check_known(different, places, connection)
            connection.executemany("DELETE FROM items WHERE place = ?", [(place,) for place in places])
            connection.executemany("INSERT INTO removed VALUES (?, ?)", [(place, head.version) for place in places])
            self._count(connection, -len(different))

    def search(
        self,
        queries: Mapping[str, NDArray[np.float32]],
        k: int,
        *,
        where: Condition | None = None,
        require: Require = "any",
    ) -> Answers:
        """Return the items with the largest sums of inner products for each query."""
        with self._in_use(), self._keeper.reading() as (connection, view):
            best, places = view.best(queries, k, where, require)
            found = dict(by_places(connection, np.unique(places).tolist()))
        return Answers(
            keys=[[key_text(found[place][0]) for place in row] for row in places.tolist()],
            scores=best.scores,
            metadata=[[json.loads(found[place][1]) for place in row] for row in places.tolist()],
            parts=dict(zip(queries, best.parts, strict=True)),
        )

    def vacuum(self) -> None:
        """Take a new snapshot, from the whole database, and give back the space of removed items."""
        with self._in_use():
            self._check_writable()
            self._keeper.build(whole=True)
            with database_errors(self._folder):
                connection = self._connections.open()
                try:
                    connection.execute("VACUUM")
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                finally:
                    connection.close()

    def details(self) -> Mapping[str, JSON]:
        """Return the bytes on disk, and how much is in the snapshot."""
        with self._in_use(), self._connections.transaction() as connection:
            head = read_head(connection)
        size = 0
        for folder, _, files in os.walk(self._folder):
            for name in files:
                with suppress(FileNotFoundError):  # of a snapshot that is replaced
                    size += os.stat(os.path.join(folder, name)).st_size
        return {"kind": "folder", "disk_bytes": size, "snapshot": head.snapshot, "changed_since": head.changed}

    def _free(self) -> None:
        self._keeper.close()
        self._connections.close()

    def _items(self, keys: list[str], rows: Sequence[Sequence[object]], attributes: Iterable[str] | None) -> Items:
        names = list(self._contract.dimensions if attributes is None else attributes)
        stored = unpacked(self._contract, [blob for blob, _ in rows])  # type: ignore[misc]  # as the table has it
        vectors = {name: decoded(self._contract.codec, stored[name]) for name in names}
        return Items(keys, vectors, [json.loads(text) for _, text in rows])  # type: ignore[arg-type]

    @contextmanager
    def _writing(self, count: int) -> Iterator[tuple[sqlite3.Connection, Head]]:
        """Yield a transaction that writes ``count`` rows, and the head with the write's number."""
        with self._in_use():
            self._check_writable()
            with self._connections.transaction("BEGIN IMMEDIATE") as connection:
                before = read_head(connection)
                head = replace(before, version=before.version + 1, changed=before.changed + count)
                write_head(connection, head)
                yield connection, head
            self._keeper.build_if_due(head)

    def _count(self, connection: sqlite3.Connection, more: int) -> None:
        connection.execute("UPDATE meta SET value = value + ? WHERE name = 'count'", (more,))

    def _check_writable(self) -> None:
        if self._read_only:
            raise GalleryError(f"the gallery {self._folder} was opened to read only; open it without read_only")


def open_folder(folder: Path, read_only: bool = False) -> LocalStore:
    """Open the gallery in a folder.

    Raises:
        GalleryError: there is none, or it is damaged.
    """
    if not (folder / FILE).is_file():
        raise GalleryError(f"no gallery in {folder}; make one with 'fashionsdk gallery add', or check the path")
    return LocalStore(folder, read_only=read_only)
