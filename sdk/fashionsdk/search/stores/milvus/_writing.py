"""Writes: rows are sent, then one change of the head makes them visible; what they replaced is purged later."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fashionsdk._tools.batches import slices
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores.milvus import _view
from fashionsdk.search.stores.milvus._connection import Connection
from fashionsdk.search.stores.milvus._head import Turn
from fashionsdk.search.stores.milvus._reading import oldest_pinned
from fashionsdk.search.stores.milvus._rows import parts_to_send, removal_rows
from fashionsdk.search.stores.milvus._state import REMOVAL, State, first_id, milliseconds
from fashionsdk.search.stores.milvus._view import Views

DELETED_AT_ONCE = 5000  # rows


class Writer:
    """Writes to a gallery in a turn.

    Args:
        connection: to the server.
        contract: of the gallery.
        views: of the gallery.
    """

    def __init__(self, connection: Connection, contract: Contract, views: Views) -> None:
        self._connection, self._contract, self._views = connection, contract, views
        self._gallery = connection.location.gallery

    def write(self, turn: Turn, rows: list[dict[str, Any]], removed: Sequence[int], added: int, new: int) -> None:
        """Send rows, and make them visible in place of others.

        Args:
            turn: of the writer.
            rows: without ids.
            removed: the ids of the rows that are replaced or removed.
            added: how many more items the gallery has.
            new: how many places were given.

        Raises:
            GalleryError: another writer took over, or the server refuses.
        """
        whole = [*rows, *removal_rows(self._contract, removed)]
        numbered = [{"id": first_id(turn.number) + number, **row} for number, row in enumerate(whole)]
        for part in parts_to_send(numbered):
            turn.renew()
            self._connection.call("insert", self._gallery, part)
        state = self.purged(turn)
        turn.commit(
            replace(
                state,
                count=state.count + added,
                next_place=state.next_place + new,
                timestamp=self._connection.time(),
                replaced=state.replaced + len(removed),
            )
        )

    def mark(self, turn: Turn) -> None:
        """Have the next purge take all that was replaced so far."""
        turn.commit(replace(turn.state, marked=(turn.state.version, milliseconds(self._connection.time()))))

    def purge(self, turn: Turn) -> None:
        """Delete rows that nobody reads any more and those of writes that never ended, and count the items anew."""
        missing = self._views.of(turn.state).missing()
        for write in turn.state.abandoned:
            rows = f"id >= {first_id(write)} and id < {first_id(write + 1)}"
            self._delete(turn, self._views.ids(turn.state, rows))
        state = self.purged(turn)
        turn.commit(replace(state, timestamp=self._connection.time(), count=state.count - missing))

    def purged(self, turn: Turn) -> State:
        """Delete the rows that were replaced by the last mark, if that was long enough ago, and set a new mark.

        Who reads an older state finds the rows that it needs, or asks again when it took longer than `_view.GRACE`.
        The rows that say what was replaced are deleted a purge later, since a reader may meet their deletion first.
        """
        state, now = turn.state, milliseconds(self._connection.time())
        if now - state.marked[1] < 1000 * _view.GRACE:
            return state
        marked = replace(state, marked=(state.version, now))
        until = state.marked[0]
        if not state.replaced or until <= state.purged:
            return marked
        until = oldest_pinned(self._connection, until)
        ids = self._views.replaced(state, until)
        old = f"place == {REMOVAL} and id < {first_id(state.purged + 1)}"
        self._delete(turn, [*ids, *self._views.ids(state, old)])
        return replace(marked, purged=max(until, state.purged), replaced=state.replaced - len(ids))

    def tidy(self) -> None:
        """Write what is in the server's log to its storage, and merge small and half empty parts."""
        self._connection.call("flush", self._gallery)
        self._connection.call("compact", self._gallery)

    def _delete(self, turn: Turn, ids: Sequence[int]) -> None:
        for some in slices(len(ids), DELETED_AT_ONCE):
            turn.renew()
            self._connection.call("delete", self._gallery, filter=f"id in {list(ids[some])}")
