"""Keeps the view that searches read in step with the database, and takes snapshots of it."""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fashionsdk._tools.after_fork import RenewedLock
from fashionsdk.errors import GalleryError
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores.local._compaction import building, write_database, write_view
from fashionsdk.search.stores.local._database import Connections, Head, database_errors, read_head, write_head
from fashionsdk.search.stores.local._snapshot import Snapshot, remove_others
from fashionsdk.search.stores.local._view import View

INDEX = "index"
LEAST_CHANGED, MOST_CHANGED = 16_384, 131_072  # rows written since a snapshot that make a new one worth while
SHARE_CHANGED = 8  # between these: one row in so many

_log = logging.getLogger("fashionsdk.search")


class ViewKeeper:
    """The view of one gallery in this process.

    Args:
        folder: the gallery's.
        contract: of the gallery.
        connections: to its database.
    """

    def __init__(self, folder: Path, contract: Contract, connections: Connections) -> None:
        self._folder, self._contract, self._connections = folder, contract, connections
        self._view: View | None = None
        self._refreshing = RenewedLock()
        self._builder: threading.Thread | None = None
        self._lost = False  # whether the database names a snapshot that cannot be used

    @contextmanager
    def reading(self) -> Iterator[tuple[sqlite3.Connection, View]]:
        """Yield a transaction, and the view of what it sees."""
        while True:
            with self._connections.transaction() as connection:
                head = read_head(connection)
                view = self._view
                if view is None or (view.version, view.base) != (head.version, head.snapshot):
                    view = self._refresh(connection, head)
                if view is not None:
                    yield connection, view
                    return

    def _refresh(self, connection: sqlite3.Connection, head: Head) -> View | None:
        """Return the view of what a transaction sees; ``None`` if it is outdated, and a new one must be begun."""
        with self._refreshing:
            view, self._view = self._view, None  # an error in the middle leaves none behind
            if view is not None and view.version > head.version and self._now().version >= view.version:
                self._view = view
                return None
            if view is None or view.version > head.version or view.base != head.snapshot:
                snapshot = self._opened(head.snapshot)
                self._lost = snapshot is None and bool(head.snapshot)
                if self._lost and self._now().snapshot != head.snapshot:
                    return None  # it was replaced while this transaction began
                view = View.start(self._contract, head.snapshot, snapshot)
            if view.version != head.version:
                view = view.refreshed(connection, self._contract, head.version)
            self._view = view
            return view

    def _now(self) -> Head:
        """Return where the database stands now, not when a transaction began."""
        with self._connections.transaction() as connection:
            return read_head(connection)

    def _opened(self, name: str) -> Snapshot | None:
        if not name:
            return None
        try:
            return Snapshot.open(self._folder / INDEX / name, self._contract)
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.info("%s: the snapshot %s cannot be used, so the database is read: %s", self._folder, name, error)
            return None

    def build_if_due(self, head: Head) -> None:
        """Take a snapshot in a thread of its own, if enough was written since the last, unless one is being taken."""
        if not self._lost and head.changed <= min(MOST_CHANGED, max(LEAST_CHANGED, head.count // SHARE_CHANGED)):
            return
        if self._builder is None or not self._builder.is_alive():
            self._builder = threading.Thread(target=self._build_quietly, name="fashionsdk snapshot")
            self._builder.start()

    def _build_quietly(self) -> None:
        try:
            self.build(whole=False)
        except GalleryError as error:  # searches go on without; the next write tries again
            _log.warning("%s: no snapshot was taken: %s", self._folder, error)

    def build(self, *, whole: bool) -> None:
        """Take a snapshot, of the whole database or of what is in memory already, and make it the current one."""
        index = self._folder / INDEX
        with database_errors(self._folder), building(index) as mine:
            if not mine:
                return
            if whole:
                with self._connections.transaction() as connection:
                    version = read_head(connection).version
                    name = write_database(index, self._contract, connection, version)
            else:
                with self.reading() as (_, view):
                    version = view.version
                name = write_view(index, self._contract, view)
            self._switch_to(name, version)
            remove_others(index, [name])

    def _switch_to(self, name: str, version: int) -> None:
        """Name a snapshot in the database. That counts as a write, so that nobody goes back to the one before."""
        with self._connections.transaction("BEGIN IMMEDIATE") as connection:
            connection.execute("DELETE FROM removed WHERE version <= ?", (version,))
            later = sum(
                connection.execute(f"SELECT count(*) FROM {table} WHERE version > ?", (version,)).fetchone()[0]
                for table in ("items", "removed")
            )
            head = read_head(connection)
            write_head(connection, replace(head, version=head.version + 1, snapshot=name, changed=later))

    def close(self) -> None:
        """Wait until no snapshot is being taken, and forget the view."""
        if (builder := self._builder) is not None and builder.is_alive():
            builder.join()
        self._view = None
