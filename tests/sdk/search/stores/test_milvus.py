"""Milvus: what the contract does not say. Kills, writers that die, purges, forks, indexes, and conditions."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fashionsdk.errors import GalleryError
from fashionsdk.search import field
from fashionsdk.search.query import holds
from fashionsdk.search.stores import Contract, Items, open_store
from fashionsdk.search.stores.milvus import _connection, _head, _rows, _search, _view
from fashionsdk.search.stores.milvus._rows import rows_of
from fashionsdk.search.stores.milvus._state import first_id
from fashionsdk.search.stores.milvus._view import View
from tests.sdk.search.stores.milvus_server import MilvusServer
from tests.sdk.search.stores.plain_store import CONTRACT, Plain, items, names, vectors
from tests.sdk.search.stores.several_writers import check_several_writers

NUMBERS = iter(range(10**6))
ONE = Contract("d" * 64, {"neckline": 1})


@pytest.fixture(scope="module")
def server() -> Iterator[MilvusServer]:
    started = MilvusServer()
    yield started
    started.stop()


@pytest.fixture
def address(server: MilvusServer) -> str:
    return server.address(f"test_{next(NUMBERS)}")


def made(address: str, contract: Contract = CONTRACT) -> Any:
    return open_store(address, contract=contract, create=True)


def same(store: Any, plain: Plain, k: int, **more: Any) -> None:
    queries = vectors(3, 3)
    found, expected = store.search(queries, k, **more), plain.search(queries, k, **more)
    assert found.keys == [[key for key, _ in answer] for answer in expected]
    assert found.scores.tolist() == [[score for _, score in answer] for answer in expected]


def keep_adding(store: Any, number: int, acknowledged: list[int]) -> None:
    """Add five items at a time, until the server is gone."""
    while True:
        try:
            store.add(items(number, [f"{number}-{part}" for part in range(5)]))
        except GalleryError:
            return
        acknowledged.append(number)
        number += 1


@pytest.mark.long
def test_what_was_acknowledged_survives_a_server_that_is_killed(server, monkeypatch):
    """A writer notes each write that returned; after each kill all of them are there, and no half of another."""
    monkeypatch.setattr(_connection, "WAIT", 3.0)
    monkeypatch.setattr(_head, "LEASE", 1.0)
    place = server.address("killed")
    store, noted = made(place), 0
    for _ in range(3):
        acknowledged: list[int] = []
        writer = threading.Thread(target=keep_adding, args=(store, noted, acknowledged))
        writer.start()
        while len(acknowledged) < 10:
            time.sleep(0.01)
        server.kill()
        writer.join()
        server.start()
        store.close()
        monkeypatch.setattr(_connection, "WAIT", 60.0)
        store = made(place)
        found = [key for batch in store.items(()) for key in batch.keys]
        whole = sorted({int(key.split("-")[0]) for key in found})
        assert found == [f"{number}-{part}" for number in whole for part in range(5)]
        assert set(acknowledged) <= set(whole)
        assert len(store) == len(found)
        noted = whole[-1] + 1
        monkeypatch.setattr(_connection, "WAIT", 3.0)
    store.close()


@pytest.mark.slow
@pytest.mark.long
def test_a_writer_that_dies_leaves_nothing_and_holds_nobody_up(address, monkeypatch):
    """It dies in another process, with its rows sent and not committed."""
    monkeypatch.setattr(_head, "LEASE", 0.5)
    store = made(address)
    store.add(items(1, names(3)))
    child = os.fork()
    if child == 0:
        with store._heads.turn() as turn:
            turn.commit = lambda state: os._exit(0)  # after all its rows were sent
            rows = rows_of(CONTRACT, items(9, ["dead"]), [3])
            store._writer.write(turn, rows, [], 1, 1)
    assert os.waitpid(child, 0)[1] == 0
    assert list(store.items(()).__next__().keys) == names(3)
    began = time.monotonic()
    store.add(items(2, ["alive"]))
    assert time.monotonic() - began > 0.5  # it waited for a sign of the other
    assert store.known(["dead", "alive"]) == {"alive"}
    assert store.search(vectors(1, 1), 9).scores.shape == (1, 4)
    assert store._heads.read().state.abandoned == (2,)
    monkeypatch.setattr(_view, "GRACE", 0.1)
    store.vacuum()
    assert store.known(["dead", "alive"]) == {"alive"}
    assert not store._views.ids(store._heads.read().state, f"id >= {first_id(2)} and id < {first_id(3)}")
    store.close()


def test_a_writer_that_paused_too_long_commits_nothing(address, monkeypatch):
    monkeypatch.setattr(_head, "LEASE", 0.3)
    slow, other = made(address), made(address)
    with slow._heads.turn() as turn:
        writer = threading.Thread(target=other.add, args=(items(1, ["other"]),))
        writer.start()
        writer.join()
        with pytest.raises(GalleryError, match="another one took over; nothing of this write is kept, write again"):
            slow._writer.write(turn, rows_of(CONTRACT, items(2, ["slow"]), [0]), [], 1, 1)
    slow.add(items(3, ["again"]))
    assert [key for batch in other.items(()) for key in batch.keys] == ["other", "again"]
    assert len(other) == 2
    for store in (slow, other):
        store.close()


def test_a_long_write_shows_that_it_lives(address, monkeypatch):
    """Its rows go in parts, each after a pause; who waits for its turn does not take over."""
    monkeypatch.setattr(_head, "LEASE", 1.0)
    monkeypatch.setattr(_rows, "SENT_BYTES", 1)
    store, other, sent = made(address), made(address), []
    insert = store._connection.call

    def slowly(name: str, *arguments: Any, **options: Any) -> Any:
        if name == "insert":
            sent.append(name)
            time.sleep(0.3)
        return insert(name, *arguments, **options)

    monkeypatch.setattr(store._connection, "call", slowly)
    writer = threading.Thread(target=store.add, args=(items(1, names(6)),))
    writer.start()
    while not sent:
        time.sleep(0.01)
    other.add(items(2, ["other"]))
    writer.join()
    assert len(sent) == 6
    assert [key for batch in other.items(()) for key in batch.keys] == [*names(6), "other"]
    for each in (store, other):
        each.close()


@pytest.mark.slow
@pytest.mark.long
def test_replaced_rows_are_purged_but_not_under_a_reader(address, monkeypatch):
    monkeypatch.setattr(_view, "GRACE", 0.1)
    store = made(address)
    store.add(items(1, names(20)))
    reading = store.items()
    store.add(items(2, names(5)), replace=True)
    store.remove(names(5, start=10))
    store.vacuum()
    assert store.details()["replaced_rows"] == 10  # the reader may need them
    read = next(reading)
    assert list(read.keys) == names(20)
    np.testing.assert_array_equal(read.vectors["sleeve"], vectors(1, 20)["sleeve"])
    reading.close()
    store.vacuum()
    assert store.details()["replaced_rows"] == 0
    plain = Plain("float32")
    plain.add(items(1, names(20)))
    plain.add(items(2, names(5)))
    for key in names(5, start=10):
        del plain.items[key]
    same(store, plain, 30)
    store.close()


def test_writes_purge_what_earlier_writes_replaced(address, monkeypatch):
    monkeypatch.setattr(_view, "GRACE", 0.05)
    store = made(address)
    for seed in range(8):
        store.add(items(seed, names(5)), replace=True)
        time.sleep(0.06)
    state = store._heads.read().state
    assert state.replaced <= 10
    assert len(store._views.ids(state, "place >= 0")) == 5 + state.replaced
    store.close()


@pytest.mark.slow
@pytest.mark.long
def test_a_reader_whose_rows_were_purged_reads_again(address, monkeypatch):
    """Between its search and its look at the rows, all of them are replaced, and the old ones purged."""
    store, other = made(address), made(address)
    store.add(items(1, names(5)))
    monkeypatch.setattr(_view, "GRACE", 0.0)
    by_ids = View.by_ids
    times: list[int] = []

    def late(view: View, ids: Any) -> Any:
        times.append(len(times))
        if len(times) == 1:
            other.add(items(2, names(5)), replace=True)
            other.vacuum()
        return by_ids(view, ids)

    monkeypatch.setattr(View, "by_ids", late)
    plain = Plain("float32")
    plain.add(items(2, names(5)))
    same(store, plain, 3)
    assert len(times) == 2
    for each in (store, other):
        each.close()


def test_more_ties_than_a_server_returns_are_scanned(address, monkeypatch):
    store = made(address)
    plain = Plain("float32")
    for seed in range(3):
        store.add(items(seed, names(700, start=700 * seed), missing=0.1))
        plain.add(items(seed, names(700, start=700 * seed), missing=0.1))
    store.remove(names(600, start=100))
    plain.items = {key: item for key, item in plain.items.items() if key not in set(names(600, start=100))}
    monkeypatch.setattr(_search, "MOST_HITS", 100)  # vectors have six values, so some 200 items tie
    for where in (None, field("price") <= 20):
        same(store, plain, 5, where=where)
        same(store, plain, 150, where=where)
    store.close()


@pytest.mark.slow
@pytest.mark.long
def test_items_that_the_server_lost_are_counted_and_can_be_added_again(address, monkeypatch):
    monkeypatch.setattr(_view, "GRACE", 0.1)
    store = made(address)
    store.add(items(1, names(20)))
    store.add(items(2, names(5)), replace=True)
    store.remove(names(3, start=10))
    assert store.details()["missing_items"] == 0
    lost = store._views.ids(store._heads.read().state, "place in [15, 16]")
    store._connection.call("delete", store._connection.location.gallery, filter=f"id in {lost}")
    assert (store.details()["missing_items"], len(store)) == (2, 17)
    store.vacuum()
    assert (store.details()["missing_items"], len(store)) == (0, 15)
    store.add(items(3, names(2, start=15)))
    assert (store.details()["missing_items"], len(store)) == (0, 17)
    assert len(store.known(names(20))) == 17
    store.close()


def test_several_writers_take_turns(address):
    made(address).close()
    check_several_writers(address, 5)


def test_a_gallery_is_made_once(server):
    """Four make the same one at the same time; each adds an item."""
    place = server.address("made_once")

    def make(number: int) -> None:
        store = made(place)
        store.add(items(number, [str(number)]))
        store.close()

    threads = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = open_store(place)
    assert {key for batch in store.items(()) for key in batch.keys} == set("0123")
    store.close()


def test_a_forked_child_uses_a_connection_of_its_own(address):
    store = made(address)
    store.add(items(1, names(5)))
    child = os.fork()
    if child == 0:
        os._exit(0 if len(store) == 5 and store.search(vectors(2, 1), 3).keys[0] else 1)
    assert len(store) == 5
    assert os.waitpid(child, 0)[1] == 0
    store.close()


@pytest.mark.slow
@pytest.mark.long
def test_an_index_finds_nearly_what_a_scan_finds(server):
    rng = np.random.default_rng(0)
    contract = Contract("d" * 64, {"neckline": 16, "sleeve": 8}, "int8")
    drawn = {name: rng.normal(size=(3000, size)).astype(np.float32) for name, size in contract.dimensions.items()}
    unit = {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in drawn.items()}
    unit["neckline"][::7] = 0
    batch = Items(names(3000), unit, [{"price": number % 100} for number in range(3000)])
    exact, near = made(server.address("scanned"), contract), made(server.address("indexed", search="hnsw"), contract)
    for store in (exact, near):
        store.add(batch)
        store.vacuum()  # the server builds the graph of what is in its storage
    assert (exact.details()["index"], near.details()["index"]) == ("FLAT", "HNSW")
    queries = {"neckline": unit["neckline"][1:40]}
    for where in (None, field("price") < 20):
        found, expected = near.search(queries, 10, where=where), exact.search(queries, 10, where=where)
        pairs = zip(found.keys, expected.keys, strict=True)
        kept = np.mean([len(set(one) & set(other)) / 10 for one, other in pairs])
        assert kept > 0.9
        assert found.scores[0, 0] == expected.scores[0, 0]  # summed exactly
    assert len(near.search(queries, 5000).keys[0]) == np.count_nonzero(unit["neckline"].any(axis=1))
    for store in (exact, near):
        store.close()


def test_what_is_not_there_or_not_known_is_named(server, address):
    with pytest.raises(GalleryError, match=rf"no gallery at {address}; make one"):
        open_store(address)
    made(address).close()
    with pytest.raises(GalleryError, match="has the model"):
        open_store(address, contract=Contract("e" * 64, CONTRACT.dimensions))
    with pytest.raises(
        GalleryError, match="made for searches that are exact, asked for are hnsw; leave out search=hnsw"
    ):
        open_store(f"{address}?search=hnsw")
    with pytest.raises(GalleryError, match="49 attributes of 49 numbers; expected at most 48 attributes"):
        made(server.address("wide"), Contract.of(map(str, range(49)), 1, "d" * 64))
    with pytest.raises(GalleryError, match="expected at most 48 attributes of 32768 numbers"):
        made(server.address("long"), Contract.of(["a"], 40_000, "d" * 64))


def test_a_server_that_is_away_is_named_without_the_password(monkeypatch):
    monkeypatch.setattr(_connection, "CONNECT", 0.5)
    with pytest.raises(GalleryError) as found:
        open_store("milvus://shop:secret@127.0.0.1:9/shop")
    assert "milvus://shop:***@127.0.0.1:9/shop: " in str(found.value)
    assert "secret" not in str(found.value)


@pytest.mark.long
def test_who_may_not_enter_is_told_so_without_the_password():
    guarded = MilvusServer(authorization_enabled="true")
    try:
        with pytest.raises(GalleryError) as found:
            made(f"milvus://root:wrong@{guarded.host}/shop")
        assert "illegal connection params" in str(found.value)  # all that the client makes of it
        assert "wrong" not in str(found.value)
        store = made(f"milvus://root:Milvus@{guarded.host}/shop")  # as a server is delivered
        store.add(items(1, names(3)))
        assert len(store) == 3
        store.close()
    finally:
        guarded.stop()


def test_a_newer_gallery_and_a_damaged_one_are_refused(address):
    store = made(address)
    head = store._heads.read().name
    for name, value, message in (
        ("state", "{}", "is damaged: its state cannot be read"),
        ("contract", "{}", "is damaged: its contract cannot be read"),
        ("format", "9", "has gallery format 9, this SDK knows up to 1"),
    ):
        store._connection.call("alter_collection_properties", head, {f"fashionsdk.{name}": value})
        with pytest.raises(GalleryError, match=message):
            len(open_store(address))
    store.close()


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


def test_an_item_that_is_too_large_is_named_and_nothing_is_written(address):
    store = made(address)
    batch = items(1, ["small", "large"])
    for metadata, part in (({"text": "x" * 70_000}, "metadata"), ({"text": "x" * 40_000}, "filters")):
        with pytest.raises(GalleryError, match=f"the {part} of 'large' take .* bytes, expected at most 65,535"):
            store.add(Items(batch.keys, batch.vectors, [{}, metadata]))
    with pytest.raises(GalleryError, match="the key of 'kkk"):
        store.add(items(1, ["k" * 70_000]))
    assert len(store) == 0
    store.add(batch)
    assert store.known(["small", "large"]) == {"small", "large"}
    store.close()


def test_conditions_may_be_long_and_deep(address):
    store, plain = made(address), Plain("float32")
    store.add(items(1, names(60)))
    plain.add(items(1, names(60)))
    same(store, plain, 60, where=field("price").one_of([*range(5, 2000), "20"]))
    same(store, plain, 60, where=~field("price").one_of([*range(6, 2000), "b", True]))
    deep = field("price") >= 0
    for number in range(60):
        deep = ~(deep & (field("seed") != number + 2)) if number % 2 else deep | (field("seed") == number + 2)
    for where in (deep, ~deep):
        same(store, plain, 60, where=where)
    store.close()


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.sampled_from(["%s", "a'b", '"', "\\", "\0", "\udcff", "\ue0ff", "it", "", 0.0, -0.0, 5e-324]),
)
VALUES = st.one_of(SCALARS, st.none(), st.lists(SCALARS, max_size=3), st.just({"deep": 1}), st.just([[1]]))
NAMES = st.sampled_from(["a", "it's", "%", 'q"', "\0", "{x}", "]["])


@pytest.fixture(scope="module")
def entries_store(server: MilvusServer) -> Any:
    return made(server.address("conditions"), ONE)


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example([{"a": 10**400}, {"a": "x"}, {}], "a", 5.0, "<=")
@example([{"a": [True]}, {"a": ["true"]}, {"a": [1]}, {"a": "true"}], "a", True, "contains")
@given(
    st.lists(st.dictionaries(NAMES, VALUES, max_size=3), min_size=1, max_size=6),
    NAMES,
    SCALARS,
    st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "contains", "exists"]),
)
def test_conditions_mean_in_the_server_what_they_mean_in_python(entries_store, entries, name, value, operator):
    a = field(name)
    simple = isinstance(value, bool) and operator in ("<", "<=", ">", ">=")
    tests: dict[str, Callable[[], Any]] = {
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
    store = entries_store
    if old := [key for batch in store.items(()) for key in batch.keys]:
        store.remove(old)
    entries = json.loads(json.dumps(entries))
    store.add(Items(names(len(entries)), {"neckline": np.ones((len(entries), 1), np.float32)}, entries))
    query = {"neckline": np.ones((1, 1), np.float32)}
    for asked in (condition, ~condition, condition & a.exists(), condition | ~a.exists()):
        expected = [key for key, entry in zip(names(len(entries)), entries, strict=True) if holds(asked, entry)]
        assert store.search(query, 99, where=asked).keys[0] == expected
