"""What is asked of the database: rows by key, and the rows that may be among the best."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from fashionsdk.search.query import Condition, Require
from fashionsdk.search.stores._packing import key_bytes
from fashionsdk.search.stores._store import unknown_key_error
from fashionsdk.search.stores.postgres._conditions import ConditionSQL
from fashionsdk.search.stores.postgres._connections import Connection

ASKED_AT_ONCE = 500  # rows fetched at a time
# Relative to the length of a query: both it and the item are rounded to 11 bits, and the server sums in float32.
HALF_ROUNDING = 2 * 2.0**-11 + 2.0**-21
EF_SEARCH, MOST_EF_SEARCH = 40, 1000  # pgvector's default, and its cap
Row = tuple[int, bytes, bytes, str]  # place, key, vectors, metadata


def half_bytes(vectors: NDArray[np.float32]) -> list[bytes]:
    """Return vectors ``(N, D)`` as pgvector reads a halfvec in binary."""
    head = np.array([vectors.shape[1], 0], ">i2").tobytes()
    return [head + row.tobytes() for row in vectors.astype(">f2")]


def half_text(vector: NDArray[np.float32]) -> str:
    """Return a vector ``(D,)`` as pgvector reads a halfvec in text."""
    return "[" + ",".join(map(repr, vector.astype(np.float16).astype(float).tolist())) + "]"


def key_digest(key: str) -> bytes:
    """Return what keys are looked up by."""
    return hashlib.sha256(key_bytes(key)).digest()


class Statements:
    """Statements on one gallery's tables.

    Args:
        schema: its name.
        columns: attribute -> the column with its short vectors.
    """

    def __init__(self, schema: str, columns: Mapping[str, str]) -> None:
        self._schema, self.columns = sql.Identifier(schema), columns

    def run(
        self, connection: Connection, statement: str, parameters: Any = None, **parts: sql.Composable
    ) -> "psycopg.Cursor[tuple[Any, ...]]":
        """Run a statement of ours; ``{schema}`` and ``parts`` are put into its text, parameters never are."""
        composed = sql.SQL(statement).format(schema=self._schema, **parts)
        return connection.execute(composed, parameters)

    def by_keys(self, connection: Connection, columns: str, keys: Sequence[str]) -> dict[bytes, tuple[Any, ...]]:
        """Return key -> these columns of the rows that have one of the keys."""
        digests = [key_digest(key) for key in keys]
        text = "SELECT key, " + columns + " FROM {schema}.items WHERE sha256(key) = ANY(%s)"
        return {key: tuple(rest) for key, *rest in self.run(connection, text, [digests])}

    def check_known(self, connection: Connection, keys: Sequence[str], found: Mapping[bytes, object]) -> None:
        """Check that each key was found.

        Raises:
            ValueError: one was not.
        """
        for key in keys:
            if key_bytes(key) not in found:
                raise unknown_key_error(key, self.count(connection))

    def count(self, connection: Connection) -> int:
        """Return G."""
        (text,) = self.run(connection, "SELECT value FROM {schema}.meta WHERE name = 'count'").fetchone() or ("0",)
        return int(text)

    def counted(self, connection: Connection, more: int) -> None:
        """Change G; the row's lock makes writers take turns, so it is changed before the items are."""
        text = "UPDATE {schema}.meta SET value = (value::bigint + %s)::text WHERE name = 'count'"
        self.run(connection, text, [more])

    def candidates(
        self,
        connection: Connection,
        query: Mapping[str, NDArray[np.float32]],
        k: int,
        where: Condition | None,
        require: Require,
    ) -> list[Row]:
        """Return, in their order, the rows that may be among the K best for a query: attribute -> ``(D_a,)``."""
        allowed, parameters = self._allowed(list(query), where, require)
        terms, margin = [], 0.0
        for name, vector in query.items():
            unit, length = _unit(vector)
            parameters |= {f"q_{self.columns[name]}": half_text(unit), f"w_{self.columns[name]}": length}
            terms.append(self._term(self.columns[name]))
            margin += length * (HALF_ROUNDING + len(vector) * 2.0**-22)
        parameters |= {"k": k, "margin": 2 * margin}
        return self._rows(
            connection,
            """\
WITH rough AS MATERIALIZED (
    SELECT place, {score} AS score FROM {schema}.items WHERE {allowed}
), bound AS (
    SELECT min(score) AS score FROM (SELECT score FROM rough ORDER BY score DESC LIMIT %(k)s) AS best
)
SELECT place, key, vectors, metadata FROM {schema}.items
WHERE place IN (SELECT place FROM rough, bound WHERE rough.score >= bound.score - %(margin)s)
ORDER BY place""",
            parameters,
            score=sql.SQL(" + ").join(terms),
            allowed=allowed,
        )

    def nearest(
        self,
        connection: Connection,
        name: str,
        query: NDArray[np.float32],
        k: int,
        where: Condition | None,
    ) -> list[Row]:
        """Return, in their order, rows that an HNSW index finds for one attribute's query ``(D,)``: four times K."""
        allowed, parameters = self._allowed([name], where, "any")
        count = 4 * k
        ef = min(max(EF_SEARCH, count), MOST_EF_SEARCH)
        self.run(connection, "SELECT set_config('hnsw.ef_search', %s, true)", [str(ef)])
        self.run(connection, "SELECT set_config('hnsw.iterative_scan', 'strict_order', true)")
        parameters |= {"query": half_text(_unit(query)[0]), "count": count}
        return self._rows(
            connection,
            """\
SELECT place, key, vectors, metadata FROM (
    SELECT * FROM {schema}.items WHERE {allowed} ORDER BY {column} <#> %(query)s::halfvec LIMIT %(count)s
) AS found ORDER BY place""",
            parameters,
            allowed=allowed,
            column=sql.Identifier(self.columns[name]),
        )

    def _allowed(
        self, names: Sequence[str], where: Condition | None, require: Require
    ) -> tuple[sql.Composable, dict[str, object]]:
        """Return which rows may be answers, and the parameters of that."""
        word = " OR " if require == "any" else " AND "
        there = [sql.SQL("{} IS NOT NULL").format(sql.Identifier(self.columns[name])) for name in names]
        present = sql.SQL("({})").format(sql.SQL(word).join(there))
        if where is None:
            return present, {}
        condition = ConditionSQL(where)
        return sql.SQL("{} AND {}").format(present, condition.expression), dict(condition.parameters)

    def _term(self, column: str) -> sql.Composable:
        return sql.SQL("coalesce({weight} * -({column} <#> {query}::halfvec), 0)").format(
            column=sql.Identifier(column),
            query=sql.Placeholder(f"q_{column}"),
            weight=sql.Placeholder(f"w_{column}"),
        )

    def _rows(self, connection: Connection, statement: str, parameters: Any, **parts: sql.Composable) -> list[Row]:
        return self.run(connection, statement, parameters, **parts).fetchall()


class AllRows:
    """All rows of a gallery in order, some at a time, as they were when this was made."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._cursor = connection.cursor("all_rows")
        self._cursor.itersize = ASKED_AT_ONCE
        select = sql.SQL("SELECT place, key, vectors, metadata FROM {}.items ORDER BY place")
        self._cursor.execute(select.format(sql.Identifier(schema)))

    def __iter__(self) -> Iterator[list[Row]]:
        try:
            while some := self._cursor.fetchmany(ASKED_AT_ONCE):
                yield some
        finally:
            self._close()

    def __del__(self) -> None:
        with suppress(psycopg.Error):
            self._close()

    def _close(self) -> None:
        if not self._connection.closed:
            self._cursor.close()
            self._connection.close()


def _unit(vector: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Return a vector at length 1, which half precision holds well, and its length."""
    length = math.sqrt(float(vector.astype(np.float64) @ vector.astype(np.float64)))
    return (vector / np.float32(length) if length else vector), length
