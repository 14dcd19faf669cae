"""The connection to a Milvus server, one for each process, and its errors in our words."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from pymilvus import MilvusClient, MilvusException

from fashionsdk._tools.after_fork import RenewedLock, keep_forever, renew_after_fork
from fashionsdk.errors import GalleryError
from fashionsdk.search.stores._milvus_location import Location

CONNECT = 10.0  # seconds for a connection
WAIT = 60.0  # seconds for an answer
PAUSE = 0.1  # seconds between two tries
MISSING = 100  # the server's number for a collection that is not there
# A server that has just started, or moves a shard to another node, knows its collections before it can read them.
NOT_YET = (
    *("collection not loaded", "collection not fully loaded", "channel not available", "no available shard"),
    *("shard leader", "node not found", "not healthy", "service not ready", "channel not found", "segment not loaded"),
)


class MissingCollection(GalleryError):
    """No collection has the name that was asked for."""


class Connection:
    """This process's connection to a server; any number of threads may call.

    Args:
        location: where the server is.
    """

    def __init__(self, location: Location) -> None:
        self.location = location
        self._client: MilvusClient | None = None
        self._lock = RenewedLock()
        renew_after_fork(self)

    def call(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Call a method of `pymilvus.MilvusClient`, again while the server is not ready yet.

        Raises:
            MissingCollection: there is no collection of that name.
            GalleryError: the server cannot be reached, or refuses.
        """
        return self._tried(lambda client: getattr(client, name)(*arguments, timeout=WAIT, **options))

    def time(self) -> int:
        """Return the server's time: reads that wait for it see all that was sent before.

        Raises:
            GalleryError: the server cannot be reached, or does not tell its time.
        """
        # MilvusClient has no method for it, what it calls the server with has.
        found = int(self._tried(lambda client: client._get_connection().alloc_timestamp(timeout=WAIT)))
        if not found:
            raise GalleryError(
                f"the gallery {self.location}: the server does not tell its time; use Milvus 2.3 or newer"
            )
        return found

    def close(self) -> None:
        """Close it; the next call opens it again."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def after_fork(self) -> None:
        """Let the parent's connection be: two processes must not talk over one."""
        if self._client is not None:
            keep_forever(self._client)
        self._client = None

    def _tried(self, ask: Any) -> Any:
        end = time.monotonic() + WAIT
        while True:
            try:
                with server_errors(self.location):
                    return ask(self._opened())
            except GalleryError as error:
                if not any(text in str(error) for text in NOT_YET) or time.monotonic() > end:
                    raise
            time.sleep(PAUSE)

    def _opened(self) -> MilvusClient:
        with self._lock:
            if self._client is None:
                # It would print each refusal with its traceback, those too that are expected here. Errors are raised.
                logging.getLogger("pymilvus.decorators").setLevel(logging.CRITICAL)
                place = self.location
                self._client = MilvusClient(
                    place.uri, token=place.token, db_name=place.database, timeout=CONNECT, dedicated=True
                )
            return self._client


@contextmanager
def server_errors(location: Location) -> Iterator[None]:
    """Raise the server's errors of the block as ours.

    Raises:
        MissingCollection: there is no collection of that name.
        GalleryError: the server cannot be reached, or refuses.
    """
    try:
        yield
    except MilvusException as error:
        kind = MissingCollection if error.code == MISSING else GalleryError
        raise kind(f"the gallery {location}: {_first_line(error.message)}") from error
    except grpc.RpcError as error:
        text = error.details() if isinstance(error, grpc.Call) else ""
        raise GalleryError(f"the gallery {location}: {_first_line(text or '')}") from error


def _first_line(text: str) -> str:
    return (str(text).strip().splitlines() or ["the server did not answer"])[0].rstrip(".")[:300]
