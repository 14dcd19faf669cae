"""Items as rows of the database, copied to the server in one stream."""

from collections.abc import Sequence

from psycopg import sql

from fashionsdk.search.scan import decoded
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._json_values import encode_json
from fashionsdk.search.stores._packing import key_bytes, packed, present_rows, unpacked
from fashionsdk.search.stores._store import Items
from fashionsdk.search.stores.postgres._conditions import fields_text
from fashionsdk.search.stores.postgres._connections import Connection
from fashionsdk.search.stores.postgres._queries import Statements, half_bytes

_INCOMING = """\
CREATE TEMPORARY TABLE incoming (number bigint, key bytea, vectors bytea, metadata text, fields text, {columns})
ON COMMIT DROP"""
_COPY = "COPY incoming FROM STDIN (FORMAT BINARY)"
# An item that is replaced keeps its place.
_UPSERT = """\
INSERT INTO {schema}.items (key, vectors, metadata, fields, {names})
SELECT key, vectors, metadata, fields::jsonb, {names} FROM incoming ORDER BY number
ON CONFLICT (sha256(key)) DO UPDATE SET (vectors, metadata, fields, {names}) = ROW(
    excluded.vectors, excluded.metadata, excluded.fields, {excluded})"""


def encoded_rows(contract: Contract, items: Items) -> list[tuple[object, ...]]:
    """Return the rows of the table that is copied to the server."""
    blobs = packed(contract, items.vectors)
    kept = unpacked(contract, blobs)
    halves: list[list[bytes | None]] = []
    for name in contract.dimensions:
        vectors = decoded(contract.codec, kept[name])
        there = present_rows(vectors).tolist()
        halves.append([half if here else None for half, here in zip(half_bytes(vectors), there, strict=True)])
    return [
        (
            number,
            key_bytes(key),
            blobs[number],
            encode_json(dict(entry)).decode("ascii"),
            fields_text(entry),
            *(column[number] for column in halves),
        )
        for number, (key, entry) in enumerate(zip(items.keys, items.metadata, strict=True))
    ]


def copy_rows(connection: Connection, statements: Statements, rows: Sequence[tuple[object, ...]]) -> None:
    """Add rows, or put them in the place of those that have their keys."""
    columns = list(statements.columns.values())
    made = sql.SQL(", ").join(sql.SQL("{} halfvec").format(sql.Identifier(each)) for each in columns)
    connection.execute(sql.SQL(_INCOMING).format(columns=made))
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        # A halfvec goes as the bytes that it is read from, like a bytea.
        copy.set_types(["int8", "bytea", "bytea", "text", "text", *("bytea" for _ in columns)])
        for row in rows:
            copy.write_row(row)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    excluded = sql.SQL(", ").join(sql.SQL("excluded.{}").format(sql.Identifier(each)) for each in columns)
    statements.run(connection, _UPSERT, names=names, excluded=excluded)
    connection.execute("DROP TABLE incoming")
