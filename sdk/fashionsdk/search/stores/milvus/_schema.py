"""A gallery's collection: how it is made, and what it needs before it can be searched."""

import time
from typing import Any

from pymilvus import DataType, MilvusClient

from fashionsdk.errors import GalleryError
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores.milvus._connection import WAIT, Connection
from fashionsdk.search.stores.milvus._head import make_head, read_meta
from fashionsdk.search.stores.milvus._rows import MOST_ATTRIBUTES, MOST_BYTES, MOST_DIMENSIONS, joined_length

POLL = 0.05  # seconds between two looks at whether a collection is loaded
HNSW = {"M": 32, "efConstruction": 256}
NUMBERS = ("place", "key_hash")


def open_collection(connection: Connection, contract: Contract | None) -> Contract:
    """Return the contract of a gallery, which is made if there is none, and loaded if it is not.

    Args:
        connection: to the server.
        contract: of a gallery to make if there is none; ``None`` to make none.

    Raises:
        GalleryError: there is no gallery, or it has another kind of index than the address asks for.
    """
    place = connection.location
    found = read_meta(connection)
    if found is None and contract is None:
        raise GalleryError(f"no gallery at {place}; make one with 'fashionsdk gallery add', or check the address")
    if found is None:
        assert contract is not None, "checked above"
        _make(connection, contract)
        make_head(connection, contract)
        found = read_meta(connection)
        assert found is not None, "made above"
    known, search = found
    asked = "hnsw" if place.approximate else "exact"
    if search != asked:
        raise GalleryError(
            f"the gallery {place} was made for searches that are {search}, asked for are {asked}; "
            f"{'leave out' if asked == 'hnsw' else 'add'} search=hnsw, or copy the gallery into one of the other kind"
        )
    _load(connection)
    return known


def _make(connection: Connection, contract: Contract) -> None:
    place = connection.location
    options = {"num_shards": place.shards, "consistency_level": "Strong"}
    connection.call("create_collection", place.gallery, schema=_schema(connection, contract), **options)
    indexes = MilvusClient.prepare_index_params()
    kind, parameters = ("HNSW", HNSW) if place.approximate else ("FLAT", {})
    indexes.add_index("vector", index_type=kind, index_name="vector", metric_type="IP", params=parameters)
    indexes.add_index("key_hash", index_type="STL_SORT", index_name="key_hash")
    connection.call("create_index", place.gallery, indexes, sync=False)


def _schema(connection: Connection, contract: Contract) -> Any:
    """Return the fields of a collection.

    A vector holds the vectors of all attributes one after the other, since older servers have one vector a row: the
    inner product with a query that is put together likewise is the weighted sum of the attributes' own products.
    """
    length, attributes = joined_length(contract), len(contract.dimensions)
    if length > MOST_DIMENSIONS or attributes > MOST_ATTRIBUTES:
        raise GalleryError(
            f"the gallery {connection.location}: {attributes} attributes of {length} numbers; expected at most "
            f"{MOST_ATTRIBUTES} attributes of {MOST_DIMENSIONS} numbers together, which is what Milvus takes"
        )
    schema = MilvusClient.create_schema(auto_id=False, description=contract.digest)
    schema.add_field("id", DataType.INT64, is_primary=True)
    for name in NUMBERS:
        schema.add_field(name, DataType.INT64)
    for name in ("key", "metadata"):
        schema.add_field(name, DataType.VARCHAR, max_length=MOST_BYTES)
    schema.add_field("fields", DataType.JSON)
    for column in range(attributes):
        schema.add_field(f"has{column}", DataType.BOOL)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=length)
    return schema


def _load(connection: Connection) -> None:
    """Have the server hold the collection in memory, and wait until it does."""
    place = connection.location
    end = time.monotonic() + WAIT
    if not _loaded(connection):
        connection.call("load_collection", place.gallery, replica_number=place.replicas, _async=True)
    while not _loaded(connection):
        if time.monotonic() > end:
            raise GalleryError(
                f"the gallery {place}: not in the server's memory after {WAIT:.0f} s; is it large enough?"
            )
        time.sleep(POLL)


def _loaded(connection: Connection) -> bool:
    return bool(connection.call("get_load_state", connection.location.gallery)["state"].name == "Loaded")
