"""The SQLite file of a gallery in a folder: its tables, its connections, and its errors in our words."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fashionsdk._tools.after_fork import RenewedLock, keep_forever, renew_after_fork
from fashionsdk._tools.files.atomic_file import locked, sync
from fashionsdk._tools.files.regular_file import reason
from fashionsdk.errors import GalleryError
from fashionsdk.search.stores._contract import Contract

FILE = "items.sqlite"
FORMAT_VERSION = 1
WAIT = 60.0  # seconds for another writer
APPLICATION = 0x46534C47  # "FSLG", in the file's header

_TABLES = """
PRAGMA application_id = {application};
CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE items (
    place INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order; never used again
    key BLOB NOT NULL UNIQUE,                 -- UTF-8, with surrogates as they are in file names
    version INTEGER NOT NULL,                 -- of the write that made the row what it is
    vectors BLOB NOT NULL,                    -- all attributes, one after the other, in the contract's codec
    metadata TEXT NOT NULL                    -- JSON
);
CREATE INDEX items_by_version ON items (version);
CREATE TABLE removed (place INTEGER PRIMARY KEY, version INTEGER NOT NULL);
CREATE INDEX removed_by_version ON removed (version);
"""


@dataclass(frozen=True)
class Head:
    """Where the database stands.

    Attributes:
        version: number of the last write.
        count: G.
        snapshot: name of the snapshot that belongs to it; "" for none.
        changed: rows written since that snapshot.
    """

    version: int
    count: int
    snapshot: str
    changed: int


def create_folder(folder: Path, contract: Contract) -> None:
    """Make a gallery without items in a folder that is missing or empty, unless one is there by now.

    Raises:
        GalleryError: the folder holds something else, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / ".creating"):
            if (folder / FILE).exists():
                return
            made = folder / f".{FILE}.making"
            made.unlink(missing_ok=True)
            if others := [path.name for path in folder.iterdir() if path.name != ".creating"]:
                raise GalleryError(f"{folder} holds {sorted(others)[0]}; a gallery needs a folder of its own")
            _make(made, contract)
            made.rename(folder / FILE)
            sync(folder)
    except OSError as error:
        raise GalleryError(f"cannot make a gallery in {folder}: {reason(error)}") from error


def _make(path: Path, contract: Contract) -> None:
    with database_errors(path):
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(_TABLES.format(application=APPLICATION))
            meta = {"format": FORMAT_VERSION, "contract": json.dumps(contract.to_json())}
            meta |= {"version": 0, "count": 0, "snapshot": "", "changed": 0}
            connection.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))
        finally:
            connection.close()
    sync(path)


def read_contract(connection: sqlite3.Connection, folder: Path) -> Contract:
    """Return what the gallery's vectors come from.

    Raises:
        GalleryError: the database is of another format, or no gallery.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION:
        raise GalleryError(f"{folder / FILE} is not a gallery's; check the path")
    meta = dict(connection.execute("SELECT name, value FROM meta WHERE name IN ('format', 'contract')"))
    if meta.get("format") != FORMAT_VERSION:
        raise GalleryError(
            f"{folder} has gallery format {meta.get('format')}, this SDK reads {FORMAT_VERSION}; "
            "use the SDK that wrote it"
        )
    try:
        return Contract.from_json(json.loads(meta.get("contract", "null")))
    except ValueError as error:
        raise GalleryError(f"the gallery {folder} is damaged: {error}") from error


def read_head(connection: sqlite3.Connection) -> Head:
    """Return where the database stands."""
    names = ("version", "count", "snapshot", "changed")
    values = dict(connection.execute("SELECT name, value FROM meta WHERE name IN (?, ?, ?, ?)", names))
    return Head(**{name: values[name] for name in names})


def write_head(connection: sqlite3.Connection, head: Head) -> None:
    """Note where the database stands; part of the transaction that made it so."""
    values = [(value, name) for name, value in vars(head).items()]
    connection.executemany("UPDATE meta SET value = ? WHERE name = ?", values)


class Connections:
    """Connections of this process to one database, for one caller at a time each.

    Args:
        folder: the gallery's.
        read_only: whether they refuse to write, and ask for no right to.
    """

    def __init__(self, folder: Path, *, read_only: bool) -> None:
        self._free: list[sqlite3.Connection] = []
        self._folder, self._read_only = folder, read_only
        self._lock = RenewedLock()
        renew_after_fork(self)

    @contextmanager
    def transaction(self, begin: str = "BEGIN") -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction, which is committed if the block ends without an error.

        Raises:
            GalleryError: the database is damaged or locked, the disk is full, or the like.
        """
        with database_errors(self._folder):
            connection = self._take()
            try:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._give_back(connection)

    def open(self) -> sqlite3.Connection:
        """Return a connection of the caller's own.

        Raises:
            GalleryError: as `transaction`.
        """
        with database_errors(self._folder):
            return _connect(self._folder / FILE, self._read_only)

    def close(self) -> None:
        """Close those that are not in use."""
        with self._lock:
            free, self._free = self._free, []
        for connection in free:
            connection.close()

    def __del__(self) -> None:
        for connection in self._free:
            connection.close()

    def after_fork(self) -> None:
        """Let the parent's connections be: SQLite's must not cross a fork."""
        for connection in self._free:
            keep_forever(connection)
        self._free = []

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._free:
                return self._free.pop()
        return _connect(self._folder / FILE, self._read_only)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.close()
            return
        with self._lock:
            self._free.append(connection)


def _connect(path: Path, read_only: bool) -> sqlite3.Connection:
    if not path.is_file():
        raise GalleryError(f"no gallery in {path.parent}; make one with 'fashionsdk gallery add', or check the path")
    name = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    if read_only and not os.access(path.parent, os.W_OK) and not path.with_name(f"{FILE}-wal").exists():
        name += "&immutable=1"  # nobody writes, and SQLite could not make the files through which it would notice
    connection = sqlite3.connect(name, uri=True, isolation_level=None, check_same_thread=False, timeout=WAIT)
    try:
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
        for pragma in ("synchronous = FULL", "trusted_schema = OFF", "cell_size_check = ON", "cache_size = -16000"):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def database_errors(where: Path) -> Iterator[None]:
    """Raise SQLite's errors of the block as ours.

    Raises:
        GalleryError: the database is damaged or locked, the disk is full, or the like.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        advice = f"; another process has been writing for {WAIT:.0f} s" if "locked" in str(error) else ""
        raise GalleryError(f"the gallery {where}: {error}{advice}; nothing was changed") from error
    except sqlite3.DatabaseError as error:
        raise GalleryError(f"the gallery {where} is damaged: {error}; restore a copy") from error
    except OSError as error:
        raise GalleryError(f"the gallery {where}: {reason(error)}") from error
