"""What is asked of the database."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from fashionsdk._tools.batches import slices
from fashionsdk.search.stores._packing import key_bytes
from fashionsdk.search.stores._store import unknown_key_error
from fashionsdk.search.stores.local._database import read_head

ASKED_AT_ONCE = 500  # keys or places in one statement

# An item that is replaced keeps its place, and gets the write's version, by which readers find it.
UPSERT = """\
INSERT INTO items (key, version, vectors, metadata) VALUES (?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE
SET version = excluded.version, vectors = excluded.vectors, metadata = excluded.metadata"""


def check_known(keys: Sequence[str], rows: Sequence[object], connection: sqlite3.Connection) -> None:
    for key, row in zip(keys, rows, strict=True):
        if row is None:
            raise unknown_key_error(key, read_head(connection).count)


def by_keys(connection: sqlite3.Connection, columns: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield columns of the rows that have these keys, in any order; ``columns`` is one of this file's own texts."""
    for part in slices(len(keys), ASKED_AT_ONCE):
        some = [key_bytes(key) for key in keys[part]]
        marks = ", ".join("?" * len(some))
        yield from connection.execute(f"SELECT {columns} FROM items WHERE key IN ({marks})", some)


def by_places(connection: sqlite3.Connection, places: Sequence[int]) -> Iterator[tuple[int, tuple[bytes, str]]]:
    for part in slices(len(places), ASKED_AT_ONCE):
        some = places[part]
        marks = ", ".join("?" * len(some))
        found = connection.execute(f"SELECT place, key, metadata FROM items WHERE place IN ({marks})", some)
        yield from ((place, (key, text)) for place, key, text in found)


class AllRows:
    """All rows of a connection's database in order, some at a time, as they were when this was made."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("BEGIN")
        read_head(connection)  # a transaction begins with its first look
        self._rows = connection.execute("SELECT key, vectors, metadata FROM items ORDER BY place")

    def __iter__(self) -> Iterator[list[tuple[bytes, bytes, str]]]:
        try:
            while some := self._rows.fetchmany(ASKED_AT_ONCE):
                yield some
        finally:
            self._connection.close()

    def __del__(self) -> None:
        with suppress(sqlite3.Error):
            self._connection.close()
