"""A gallery read from end to end while others write: an alias, a pin, keeps the rows that the reader still needs."""

import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from fashionsdk.errors import GalleryError
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._milvus_location import Location
from fashionsdk.search.stores._store import Items
from fashionsdk.search.stores.milvus._connection import Connection
from fashionsdk.search.stores.milvus._head import Heads
from fashionsdk.search.stores.milvus._view import View, Views

STALE = 6 * 3600.0  # seconds after which the pin of a reader that never came back counts no more
_PIN = re.compile(r".*__reads_(\d+)_(\d+)_\w+")


class AllItems:
    """All items of a gallery in order, some at a time, as they were when this was made.

    Args:
        location: where the gallery is.
        contract: of the gallery.
        names: of the attributes whose vectors are read.
    """

    def __init__(self, location: Location, contract: Contract, names: Sequence[str]) -> None:
        self._connection, self._names, self._pin = Connection(location), names, ""
        heads = Heads(self._connection)
        try:
            self._view = self._pinned(heads, Views(self._connection, contract, heads))
        except BaseException:
            self._close()
            raise

    def __iter__(self) -> Iterator[Items]:
        try:
            for rows in self._view.pages():
                yield rows.items(self._names)
        finally:
            self._close()

    def __del__(self) -> None:
        with suppress(GalleryError):
            self._close()

    def _pinned(self, heads: Heads, views: Views) -> View:
        while True:
            began, state = time.monotonic(), heads.read().state
            self._pin = f"{self._connection.location.gallery}__reads_{state.version}_{int(time.time())}_"
            self._pin += secrets.token_hex(4)
            self._connection.call("create_alias", self._connection.location.gallery, self._pin)
            view = views.of(state)
            if views.holds(view, began):
                return view
            self._unpin()

    def _unpin(self) -> None:
        pin, self._pin = self._pin, ""
        if pin:
            self._connection.call("drop_alias", pin)

    def _close(self) -> None:
        try:
            self._unpin()
        finally:
            self._connection.close()


def oldest_pinned(connection: Connection, version: int) -> int:
    """Return the oldest version that somebody reads, ``version`` if that is older; take out pins that are stale."""
    for alias in connection.call("list_aliases", connection.location.gallery)["aliases"]:
        if pin := _PIN.fullmatch(alias):
            if time.time() - int(pin[2]) > STALE:
                connection.call("drop_alias", alias)
            else:
                version = min(version, int(pin[1]))
    return version
