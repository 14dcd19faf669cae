"""PostgreSQL: what the contract does not say. Kills, forks, indexes, migrations, addresses, and conditions as SQL."""

import json
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fashionsdk.errors import GalleryError
from fashionsdk.search import field
from fashionsdk.search.query import holds
from fashionsdk.search.stores import Contract, Items, open_store
from tests.sdk.search.stores.plain_store import CONTRACT, items, names, vectors
from tests.sdk.search.stores.postgres_server import PostgresServer
from tests.sdk.search.stores.several_writers import check_several_writers

NUMBERS = iter(range(10**6))


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    started = PostgresServer()
    yield started
    started.stop()


@pytest.fixture
def address(server: PostgresServer) -> str:
    return server.address(f"test_{next(NUMBERS)}")


def made(address: str, contract: Contract = CONTRACT) -> Any:
    return open_store(address, contract=contract, create=True)


def keep_adding(store: Any, number: int, acknowledged: list[int]) -> None:
    """Add five items at a time, until the server is gone."""
    while True:
        try:
            store.add(items(number, [f"{number}-{part}" for part in range(5)]))
        except GalleryError:
            return
        acknowledged.append(number)
        number += 1


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_server_that_is_killed(server):
    """A writer notes each write that returned; after each kill all of them are there, and no half of another."""
    place = server.address("killed")
    store, noted = made(place), 0
    for _ in range(3):
        acknowledged: list[int] = []

        writer = threading.Thread(target=keep_adding, args=(store, noted, acknowledged))
        writer.start()
        while len(acknowledged) < 20:
            time.sleep(0.01)
        server.kill()
        writer.join()
        server.start()
        store.close()
        store = made(place)
        found = [key for batch in store.items(()) for key in batch.keys]
        whole = sorted({int(key.split("-")[0]) for key in found})
        assert found == [f"{number}-{part}" for number in whole for part in range(5)]
        assert set(acknowledged) <= set(whole)
        assert len(store) == len(found)
        noted = whole[-1] + 1
    store.close()


def test_galleries_of_one_database_do_not_mix(server):
    one, other = made(server.address("one")), made(server.address("other"))
    one.add(items(1, ["a"]))
    other.add(items(2, ["b"]))
    assert (one.known(["a", "b"]), other.known(["a", "b"])) == ({"a"}, {"b"})
    for store in (one, other):
        store.close()


def test_a_forked_child_uses_connections_of_its_own(address):
    store = made(address)
    store.add(items(1, names(5)))
    child = os.fork()
    if child == 0:
        os._exit(0 if len(store) == 5 and store.search(vectors(2, 1), 3).keys[0] else 1)
    assert len(store) == 5
    assert os.waitpid(child, 0)[1] == 0
    store.close()


def test_an_index_finds_nearly_what_a_scan_finds(server):
    rng = np.random.default_rng(0)
    contract = Contract("d" * 64, {"neckline": 16, "sleeve": 8}, "int8")
    drawn = {name: rng.normal(size=(2000, size)).astype(np.float32) for name, size in contract.dimensions.items()}
    unit = {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in drawn.items()}
    unit["neckline"][::7] = 0
    metadata = [{"price": number % 100} for number in range(2000)]
    exact = made(server.address("indexed"), contract)
    exact.add(Items(names(2000), unit, metadata))
    near = open_store(server.address("indexed", search="hnsw"))
    near.vacuum()
    assert near.details()["hnsw_indexes"] == ["items_h0_hnsw", "items_h1_hnsw"]
    queries = {"neckline": unit["neckline"][1:40]}
    for where in (None, field("price") < 20):
        found, expected = near.search(queries, 10, where=where), exact.search(queries, 10, where=where)
        pairs = zip(found.keys, expected.keys, strict=True)
        kept = np.mean([len(set(one) & set(other)) / 10 for one, other in pairs])
        assert kept > 0.9
        assert found.scores[0, 0] == expected.scores[0, 0]  # summed exactly
    both = {name: rows[1:3] for name, rows in unit.items()}
    assert near.search(both, 5).keys == exact.search(both, 5).keys  # several attributes are scanned
    assert near.search(queries, 5000).keys == exact.search(queries, 5000).keys  # more than an index returns
    for store in (exact, near):
        store.close()


def test_what_is_not_there_or_not_known_is_named(server, address, monkeypatch):
    with pytest.raises(GalleryError, match=r"no gallery at postgresql://shop@/postgres.*make one"):
        open_store(address)
    with pytest.raises(ValueError, match="gallery is 'Shop; --'; expected a schema's name"):
        open_store("postgresql://shop@/postgres?gallery=Shop; --")
    with pytest.raises(ValueError, match="search is 'fast'; expected exact or hnsw"):
        open_store("postgresql://shop@/postgres?search=fast")
    with pytest.raises(GalleryError) as found:
        open_store("postgresql://shop:secret@/postgres?host=/nowhere&password=hidden")
    assert "secret" not in str(found.value)
    assert "hidden" not in str(found.value)
    made(address).close()
    with pytest.raises(GalleryError, match="has the model"):
        open_store(address, contract=Contract("e" * 64, CONTRACT.dimensions))


def test_a_newer_gallery_and_a_damaged_one_are_refused(server, address):
    import psycopg

    store = made(address)
    gallery = address.rpartition("gallery=")[2]
    store.close()
    with psycopg.connect(f"postgresql://shop@/postgres?host={server.folder}") as connection:
        connection.execute(f"UPDATE {gallery}.meta SET value = '9' WHERE name = 'format'")
    with pytest.raises(GalleryError, match="has gallery format 9, this SDK knows up to 1"):
        open_store(address, contract=CONTRACT, create=True)
    with psycopg.connect(f"postgresql://shop@/postgres?host={server.folder}") as connection:
        connection.execute(f"UPDATE {gallery}.meta SET value = '{{}}' WHERE name = 'contract'")
    with pytest.raises(GalleryError, match="is damaged: its contract cannot be read"):
        open_store(address)


def test_a_gallery_opened_to_read_refuses_writes(address):
    store = made(address)
    store.add(items(1, names(3)))
    reader = open_store(address, read_only=True)
    for call in (lambda: reader.add(items(2, ["x"])), lambda: reader.remove(["0.jpg"]), reader.vacuum):
        with pytest.raises(GalleryError, match="was opened to read only"):
            call()
    assert len(reader) == 3
    for each in (store, reader):
        each.close()


def test_several_writers_take_turns(address):
    made(address).close()
    check_several_writers(address, 10)


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.sampled_from(["%s", "a'b", '"', "\\", "\0", "\udcff", "\ue0ff", "it"]),
)
VALUES = st.one_of(SCALARS, st.none(), st.lists(SCALARS, max_size=3), st.just({"deep": 1}), st.just([[1]]))
NAMES = st.sampled_from(["a", "it's", "%", 'q"', "\0", "{x}"])


def _has_marked(value: object) -> bool:
    """Return whether a text within a value holds a character that the database keeps with a mark."""
    if isinstance(value, str):
        return bool(set(value) & {"\0", "\udcff", "\ue0ff"})
    if isinstance(value, dict):
        return any(map(_has_marked, value.values()))
    return isinstance(value, list) and any(map(_has_marked, value))


@pytest.fixture(scope="module")
def entries_store(server: PostgresServer) -> Any:
    return made(server.address("conditions"), Contract("d" * 64, {"neckline": 1}))


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example([{"a": 10**400}, {"a": "x"}, {}], "a", 5.0, "<=")
@example([{"a": "\0"}], "a", "0", "<")
@given(
    st.lists(st.dictionaries(NAMES, VALUES, max_size=3), min_size=1, max_size=6),
    NAMES,
    SCALARS,
    st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains", "exists"]),
)
def test_conditions_mean_in_sql_what_they_mean_in_python(entries_store, entries, name, value, operator):
    a = field(name)
    simple = isinstance(value, bool) and operator in ("<", "<=", ">", ">=")
    tests = {
        "=": lambda: a == value,
        "!=": lambda: a != value,
        "<": lambda: a < value,
        "<=": lambda: a <= value,
        ">": lambda: a > value,
        ">=": lambda: a >= value,
        "contains": lambda: a.contains(value),
        "exists": lambda: a.exists(),
    }
    condition = tests["=" if simple else operator]()
    if isinstance(value, str) and operator in ("<", "<=", ">", ">=") and _has_marked([value, entries]):
        return  # their order is not that of code points; see the module
    store = entries_store
    if old := [key for batch in store.items(()) for key in batch.keys]:
        store.remove(old)
    entries = json.loads(json.dumps(entries))
    store.add(Items(names(len(entries)), {"neckline": np.ones((len(entries), 1), np.float32)}, entries))
    query = {"neckline": np.ones((1, 1), np.float32)}
    for asked in (condition, ~condition, condition & a.exists(), condition | ~a.exists()):
        expected = [key for key, entry in zip(names(len(entries)), entries, strict=True) if holds(asked, entry)]
        assert store.search(query, 99, where=asked).keys[0] == expected
