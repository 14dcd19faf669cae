"""A gallery's head: a small collection whose name says whose turn it is to write, and whose properties hold the state.

Milvus knows neither transactions nor locks, but it changes a name once: of two who rename a collection from the same
name, one is refused. So a writer takes its turn by a rename, and commits by changing the properties of the collection
that has its own name, which it has no more when another writer took over. Readers find the head by an alias.
"""

import json
import random
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from fashionsdk._tools.after_fork import RenewedLock
from fashionsdk.errors import GalleryError
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores.milvus._connection import Connection, MissingCollection
from fashionsdk.search.stores.milvus._state import State

FORMAT = 1
FREE = "free"
LEASE = 10.0  # seconds without a sign of a writer, after which another one takes over
POLL = 0.03  # seconds between two looks at whose turn it is
PATIENCE = 300.0  # seconds to wait for a turn
_PROPERTY = "fashionsdk.{}"


@dataclass(frozen=True)
class Head:
    """The head as it was read.

    Attributes:
        name: of its collection.
        number: of the last write that was begun.
        holder: whose turn it is, or `FREE`.
        state: after the last write that ended.
    """

    name: str
    number: int
    holder: str
    state: State


class Turn:
    """A writer's turn.

    Attributes:
        head: as it was when the turn began.
        number: of the write.
        begun: whether rows may have been sent, so that no other write may have the number.
    """

    def __init__(self, connection: Connection, head: Head, number: int, name: str) -> None:
        self.head, self.number, self._name, self.begun = head, number, name, False
        self._connection, self._renewed = connection, time.monotonic()

    @property
    def state(self) -> State:
        """The state that the write begins with."""
        return self.head.state

    def renew(self) -> None:
        """Show that the writer is alive, if that is due; called before each part of a write is sent."""
        self.begun = True
        if time.monotonic() - self._renewed > LEASE / 4:
            name = held_name(self._connection.location.gallery, self.number)
            self._change("rename_collection", self._name, name)
            self._name, self._renewed = name, time.monotonic()

    def commit(self, state: State) -> None:
        """Make the write visible, all at once; the writes that were begun before and never ended are abandoned.

        Raises:
            GalleryError: another writer took over, or the server did not answer.
        """
        self.begun = True
        never_ended = range(self.state.version + 1, self.number)
        whole = replace(state, version=self.number, abandoned=(*state.abandoned, *never_ended))
        self._change("alter_collection_properties", self._name, {_PROPERTY.format("state"): whole.to_json()})

    def end(self) -> None:
        """Leave the turn to the next one."""
        free = free_name(self._connection.location.gallery, self.number if self.begun else self.number - 1)
        with suppress(GalleryError):  # a turn that is over, or whose server is gone, is taken over
            self._connection.call("rename_collection", self._name, free)

    def _change(self, call: str, *arguments: object) -> None:
        try:
            self._connection.call(call, *arguments)
        except MissingCollection as error:
            raise GalleryError(
                f"the gallery {self._connection.location}: this writer paused for over {LEASE:.0f} s and another one "
                "took over; nothing of this write is kept, write again"
            ) from error


class Heads:
    """Reads a gallery's head, and gives writers their turn.

    Args:
        connection: to the server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._gallery = connection.location.gallery
        self._in_this_process = RenewedLock()
        self._pattern = re.compile(re.escape(self._gallery) + r"__head_(\d+)_(\w+)")

    def read(self) -> Head:
        """Read it.

        Raises:
            GalleryError: the server cannot be reached, or the gallery is gone.
        """
        found = self._connection.call("describe_collection", alias_of(self._gallery))
        name = self._pattern.fullmatch(found["collection_name"])
        try:
            if name is None:
                raise ValueError(f"the collection {found['collection_name']} is no head")
            state = State.from_json(found["properties"].get(_PROPERTY.format("state"), ""))
        except ValueError as error:
            raise damaged(self._connection, error) from error
        return Head(name[0], int(name[1]), name[2], state)

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Yield a turn to write, which no other writer of any process or machine has meanwhile.

        Raises:
            GalleryError: no turn came.
        """
        with self._in_this_process:
            turn = self._taken()
            try:
                yield turn
            finally:
                turn.end()

    def _taken(self) -> Turn:
        end = time.monotonic() + PATIENCE
        seen, since = "", time.monotonic()
        while time.monotonic() < end:
            head = self.read()
            if head.name != seen:
                seen, since = head.name, time.monotonic()
            if head.holder == FREE or time.monotonic() - since > LEASE:
                number = head.number + 1
                name = held_name(self._gallery, number)
                with suppress(MissingCollection):  # another one was faster
                    self._connection.call("rename_collection", head.name, name)
                    return Turn(self._connection, self.read(), number, name)
            time.sleep(POLL * (0.5 + random.random()))  # so that two who wait do not meet again and again
        raise GalleryError(f"the gallery {self._connection.location}: no turn to write came in {PATIENCE:.0f} s")


def make_head(connection: Connection, contract: Contract) -> None:
    """Make the head of a new gallery, unless another process made one meanwhile."""
    gallery = connection.location.gallery
    name, alias = free_name(gallery, 0), alias_of(gallery)
    given = {
        "format": str(FORMAT),
        "contract": json.dumps(contract.to_json()),
        "search": "hnsw" if connection.location.approximate else "exact",
        "state": State().to_json(),
    }
    schema = head_schema(given["contract"])
    properties = {_PROPERTY.format(name): value for name, value in given.items()}
    connection.call("create_collection", name, schema=schema, num_shards=1, properties=properties)
    try:
        connection.call("create_alias", name, alias)
    except GalleryError:
        if not connection.call("has_collection", alias):
            raise
        connection.call("drop_collection", name)  # the other process's gallery has been written to already


def read_meta(connection: Connection) -> tuple[Contract, str] | None:
    """Return contract and kind of search of a gallery, ``None`` if there is none.

    Raises:
        GalleryError: the server cannot be reached, or the gallery is damaged or of a newer format.
    """
    alias = alias_of(connection.location.gallery)
    if not connection.call("has_collection", alias):
        return None
    found = connection.call("describe_collection", alias)["properties"]
    meta = {name: found.get(_PROPERTY.format(name), "") for name in ("format", "contract", "search")}
    try:
        version = int(meta["format"])
        if version <= FORMAT:
            return Contract.from_json(json.loads(meta["contract"])), meta["search"]
    except ValueError as error:
        raise damaged(connection, error) from error
    raise GalleryError(
        f"{connection.location} has gallery format {version}, this SDK knows up to {FORMAT}; use the SDK that made it"
    )


def damaged(connection: Connection, error: Exception) -> GalleryError:
    """Return the error of a gallery that cannot be read."""
    return GalleryError(f"the gallery {connection.location} is damaged: {error}; restore a backup")


def head_schema(description: str) -> object:
    """Return the schema of a collection that holds no rows; servers want a vector all the same."""
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, description=description)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    return schema


def alias_of(gallery: str) -> str:
    """Return the name by which readers find a gallery's head."""
    return f"{gallery}__head"


def free_name(gallery: str, number: int) -> str:
    """Return the name of a head that waits for a writer."""
    return f"{gallery}__head_{number}_{FREE}"


def held_name(gallery: str, number: int) -> str:
    """Return a name that no other writer knows."""
    return f"{gallery}__head_{number}_{secrets.token_hex(8)}"
