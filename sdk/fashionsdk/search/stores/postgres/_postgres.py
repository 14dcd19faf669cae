"""A gallery in PostgreSQL: the server filters and scores in half precision, and the best are summed again exactly."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from fashionsdk.backends import SharedResource
from fashionsdk.errors import GalleryError
from fashionsdk.search.query import Condition, Require
from fashionsdk.search.scan import Best, decoded, largest_sums, open_vectors
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._json_values import encode_json
from fashionsdk.search.stores._packing import key_bytes, key_text, present_rows, unpacked
from fashionsdk.search.stores._postgres_location import Location
from fashionsdk.search.stores._store import JSON, Answers, Items, stored_key_error
from fashionsdk.search.stores.postgres._conditions import fields_text
from fashionsdk.search.stores.postgres._connections import Connection, Connections
from fashionsdk.search.stores.postgres._queries import AllRows, Row, Statements, key_digest
from fashionsdk.search.stores.postgres._schema import columns_of, open_schema, read_schema
from fashionsdk.search.stores.postgres._written_rows import copy_rows, encoded_rows

_UPDATE = "UPDATE {schema}.items SET metadata = %s, fields = %s::text::jsonb WHERE sha256(key) = %s"
_INDEX = """\
CREATE INDEX IF NOT EXISTS {index} ON {schema}.items USING hnsw ({column} halfvec_ip_ops) WHERE {column} IS NOT NULL"""


class PostgresStore(SharedResource):
    """A `fashionsdk.search.stores.Store` in a PostgreSQL database with pgvector.

    Any number of processes and machines may read, and may write: writers take turns. A write is on the server's disk
    when it returns. Searches are exact: the server finds the candidates in half precision, with a margin for its
    rounding, and they are summed again from the whole vectors. With ``approximate`` a search by one attribute takes its
    candidates from an HNSW index, which `vacuum` builds.

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
        self._connections = Connections(location, read_only=read_only)
        try:
            with self._connections.transaction(writes=not read_only) as connection:
                self._contract = open_schema(connection, location, contract)
        except BaseException:
            self._connections.close()
            raise
        columns = dict(zip(self._contract.dimensions, columns_of(self._contract), strict=True))
        self._statements = Statements(location.gallery, columns)

    def __reduce__(self) -> tuple[object, ...]:
        """Connect again in another process."""
        return partial(PostgresStore, read_only=self._read_only), (self._location,)

    @property
    def contract(self) -> Contract:
        """What the vectors come from."""
        return self._contract

    def __len__(self) -> int:
        """Return G, the number of items."""
        with self._reading() as connection:
            return self._statements.count(connection)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that items have."""
        with self._reading() as connection:
            return {key_text(key) for key in self._statements.by_keys(connection, "place", list(keys))}

    def get(self, keys: Sequence[str], attributes: Iterable[str] | None = None) -> Items:
        """Return the items with these different keys, in the order given."""
        with self._reading() as connection:
            found = self._statements.by_keys(connection, "place, key, vectors, metadata", keys)
            self._statements.check_known(connection, keys, found)
        return self._items([found[key_bytes(key)] for key in keys], attributes)

    def items(self, attributes: Iterable[str] | None = None) -> Iterator[Items]:
        """Yield all items in order, as they were at the call."""
        names = None if attributes is None else list(attributes)
        with self._in_use():
            rows = AllRows(self._connections.lend(), self._location.gallery)
        return (self._items(some, names) for some in rows)

    def add(self, items: Items, *, replace: bool = False) -> None:
        """Add items; with ``replace``, those whose keys are stored take the place of the stored ones."""
        if not items.keys:
            with self._writing():
                return
        rows = encoded_rows(self._contract, items)
        with self._writing() as connection:
            self._statements.counted(connection, 0)  # from here on no other writer
            known = self._statements.by_keys(connection, "place", items.keys)
            stored = next((key for key in items.keys if key_bytes(key) in known), None) if known else None
            if stored is not None and not replace:
                raise stored_key_error(stored)
            copy_rows(connection, self._statements, rows)
            self._statements.counted(connection, len(items.keys) - len(known))

    def update(self, keys: Sequence[str], changes: Sequence[Mapping[str, JSON]]) -> None:
        """Set fields of these items' metadata."""
        with self._writing() as connection:
            self._statements.counted(connection, 0)
            found = self._statements.by_keys(connection, "metadata", keys)
            self._statements.check_known(connection, keys, found)
            merged = [
                {**json.loads(found[key_bytes(key)][0]), **change} for key, change in zip(keys, changes, strict=True)
            ]
            statement = sql.SQL(_UPDATE).format(schema=sql.Identifier(self._location.gallery))
            with connection.cursor() as cursor:
                cursor.executemany(
                    statement,
                    [
                        (encode_json(entry).decode("ascii"), fields_text(entry), key_digest(key))
                        for key, entry in zip(keys, merged, strict=True)
                    ],
                )

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the items with these keys."""
        different = list(dict.fromkeys(keys))
        with self._writing() as connection:
            self._statements.counted(connection, 0)
            found = self._statements.by_keys(connection, "place", different)
            self._statements.check_known(connection, different, found)
            places = [place for (place,) in found.values()]
            self._statements.run(connection, "DELETE FROM {schema}.items WHERE place = ANY(%s)", [places])
            self._statements.counted(connection, -len(different))

    def search(
        self,
        queries: Mapping[str, NDArray[np.float32]],
        k: int,
        *,
        where: Condition | None = None,
        require: Require = "any",
    ) -> Answers:
        """Return the items with the largest sums of inner products for each query."""
        names, count = list(queries), len(next(iter(queries.values())))
        answers: list[tuple[list[Row], Best]] = []
        with self._reading() as connection:
            for position in range(count):
                query = {name: np.asarray(rows[position], np.float32) for name, rows in queries.items()}
                found = self._found(connection, query, k, where, require)
                answers.append((found, self._ranked(found, query, k)))
        shape = count, len(answers[0][1].rows[0]) if answers else 0
        best = [[rows[row] for row in ranked.rows[0].tolist()] for rows, ranked in answers]
        return Answers(
            keys=[[key_text(row[1]) for row in rows] for rows in best],
            scores=np.array([ranked.scores[0] for _, ranked in answers], np.float32).reshape(shape),
            metadata=[[json.loads(row[3]) for row in rows] for rows in best],
            parts={
                name: np.array([ranked.parts[a][0] for _, ranked in answers], np.float32).reshape(shape)
                for a, name in enumerate(names)
            },
        )

    def vacuum(self) -> None:
        """Give back the space of removed items, and with ``approximate`` build the indexes that are missing."""
        with self._in_use():
            self._check_writable()
            connection = self._connections.lend()
            try:
                connection.read_only = False
                connection.autocommit = True
                self._statements.run(connection, "VACUUM (ANALYZE) {schema}.items")
                for column in self._statements.columns.values() if self._location.approximate else ():
                    names = {"index": sql.Identifier(f"items_{column}_hnsw"), "column": sql.Identifier(column)}
                    self._statements.run(connection, _INDEX, **names)
            finally:
                connection.close()

    def details(self) -> Mapping[str, JSON]:
        """Return the bytes on the server's disk, and what runs there."""
        with self._reading() as connection:
            items = [f'"{self._location.gallery}".items']
            (size,) = connection.execute("SELECT pg_total_relation_size(%s::text::regclass)", items).fetchone() or (0,)
            indexes = connection.execute(
                "SELECT indexname FROM pg_indexes WHERE schemaname = %s", [self._location.gallery]
            )
            hnsw = sorted(name for (name,) in indexes if name.endswith("_hnsw"))
            version = connection.info.server_version
        server = f"{version // 10_000}.{version % 10_000}"
        return {"kind": "postgres", "disk_bytes": size, "server": server, "hnsw_indexes": hnsw}

    def _free(self) -> None:
        self._connections.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._in_use(), self._connections.transaction() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._in_use():
            self._check_writable()
            with self._connections.transaction(writes=True) as connection:
                yield connection

    def _check_writable(self) -> None:
        if self._read_only:
            raise GalleryError(f"the gallery {self._location} was opened to read only; open it without read_only")

    def _found(
        self,
        connection: Connection,
        query: Mapping[str, NDArray[np.float32]],
        k: int,
        where: Condition | None,
        require: Require,
    ) -> list[Row]:
        if self._location.approximate and len(query) == 1:
            ((name, vector),) = query.items()
            found = self._statements.nearest(connection, name, vector, k, where) if vector.any() else []
            if len(found) >= k:  # else the index has found too few, or there are no more
                return found
        return self._statements.candidates(connection, query, k, where, require)

    def _ranked(self, rows: Sequence[Row], query: Mapping[str, NDArray[np.float32]], k: int) -> Best:
        """Return the best of some rows, summed exactly; NaN for an attribute that a row lacks."""
        stored = unpacked(self._contract, [row[2] for row in rows])
        vectors = [open_vectors(self._contract.codec, stored[name]) for name in query]
        best = largest_sums([vector[None] for vector in query.values()], vectors, k)
        for name, part in zip(query, best.parts, strict=True):
            there = present_rows(decoded(self._contract.codec, stored[name]))
            part[~there[best.rows]] = np.nan
        return best

    def _items(self, rows: Sequence[Row], attributes: Iterable[str] | None) -> Items:
        names = list(self._contract.dimensions if attributes is None else attributes)
        stored = unpacked(self._contract, [row[2] for row in rows])
        vectors = {name: decoded(self._contract.codec, stored[name]) for name in names}
        return Items([key_text(row[1]) for row in rows], vectors, [json.loads(row[3]) for row in rows])


def open_postgres(address: str, contract: Contract | None, *, read_only: bool) -> PostgresStore:
    """Open the gallery at an address; with a contract, make it if it is not there.

    Raises:
        ValueError: a parameter of the address has a wrong value.
        GalleryError: the server cannot be reached, or there is no gallery.
    """
    return PostgresStore(Location.parse(address), contract, read_only=read_only)


def postgres_contract(address: str) -> Contract | None:
    """Return the contract of the gallery at an address, ``None`` if there is none yet.

    Raises:
        ValueError: a parameter of the address has a wrong value.
        GalleryError: the server cannot be reached.
    """
    location = Location.parse(address)
    connections = Connections(location, read_only=True)
    try:
        with connections.transaction() as connection:
            found = read_schema(connection, location)
    finally:
        connections.close()
    return None if found is None else found[1]
