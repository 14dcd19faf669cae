"""Connections to a PostgreSQL server, pooled, and its errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import IsolationLevel
from psycopg_pool import ConnectionPool, PoolTimeout

from fashionsdk._tools.after_fork import RenewedLock, keep_forever, renew_after_fork
from fashionsdk.errors import GalleryError
from fashionsdk.search.stores._postgres_location import Location

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

MOST_CONNECTIONS = 8  # of a process; further calls wait
WAIT = 30.0  # seconds for a connection


class Connections:
    """Connections of this process to one database, each for one caller at a time.

    Args:
        location: where it is.
        read_only: whether transactions may not write.
    """

    def __init__(self, location: Location, *, read_only: bool) -> None:
        self._location, self._read_only = location, read_only
        self._pool: ConnectionPool[Connection] | None = None
        self._lock = RenewedLock()
        renew_after_fork(self)

    @contextmanager
    def transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        """Yield a connection in a transaction, which is committed if the block ends without an error.

        One that reads sees one state of the database. One that writes sees, after it has waited for other writers,
        what these have written.

        Raises:
            GalleryError: the server cannot be reached, or refuses.
        """
        with server_errors(self._location), self._opened().connection() as connection:
            connection.isolation_level = IsolationLevel.READ_COMMITTED if writes else IsolationLevel.REPEATABLE_READ
            connection.read_only = self._read_only or not writes
            yield connection

    def lend(self) -> Connection:
        """Return a connection of the caller's own, who closes it.

        Raises:
            GalleryError: the server cannot be reached.
        """
        with server_errors(self._location):
            connection = psycopg.connect(self._location.conninfo)
            connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True
            return connection

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def after_fork(self) -> None:
        """Let the parent's connections be: two processes must not talk over one."""
        if self._pool is not None:
            keep_forever(self._pool)
        self._pool = None

    def _opened(self) -> "ConnectionPool[Connection]":
        with self._lock:
            if self._pool is None:
                psycopg.connect(self._location.conninfo).close()  # it says at once what a pool would say after minutes
                self._pool = ConnectionPool(
                    self._location.conninfo,
                    min_size=0,
                    max_size=MOST_CONNECTIONS,
                    timeout=WAIT,
                    check=ConnectionPool.check_connection,  # the server may have been restarted
                    open=True,
                )
            return self._pool


@contextmanager
def server_errors(location: Location) -> Iterator[None]:
    """Raise the server's errors of the block as ours.

    Raises:
        GalleryError: the server cannot be reached, or refuses.
    """
    try:
        yield
    except PoolTimeout as error:
        raise GalleryError(f"the gallery {location}: no connection within {WAIT:.0f} s; is the server up?") from error
    except psycopg.errors.UndefinedFile as error:
        raise GalleryError(f"the gallery {location}: {_first_line(error)}; install pgvector on the server") from error
    except psycopg.Error as error:
        raise GalleryError(f"the gallery {location}: {_first_line(error)}") from error


def _first_line(error: psycopg.Error) -> str:
    text = error.diag.message_primary or (str(error).strip().splitlines() or [type(error).__name__])[0]
    return text.rstrip(".")
