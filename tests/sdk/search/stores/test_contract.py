"""The contract of every store, against a plain numpy computation; a new store joins by one line in ``STORES``."""

import itertools
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fashionsdk.search import parse_condition
from fashionsdk.search.scan import Codec, decoded, encoded
from fashionsdk.search.stores import Contract, Items, MemoryStore, Store, open_store
from fashionsdk.search.stores.local import _keeper, create_folder, open_folder
from tests.sdk.search.stores.milvus_server import MilvusServer
from tests.sdk.search.stores.plain_store import CONDITIONS, CONTRACT, Plain, items, names, vectors
from tests.sdk.search.stores.postgres_server import PostgresServer

STEPS = ("add", "replace", "remove", "update")
WEIGHTS = (1.0, 0.5, -0.25, 2.0)
NUMBERS = itertools.count()
AHEAD = 8  # galleries in Milvus that are made at a time
RUNNING = ExitStack()  # servers, and what is open on them


@pytest.fixture(scope="module", autouse=True)
def stop_servers() -> Iterator[None]:
    """An idle Milvus server would take most of a CPU from the tests of other files."""
    yield
    RUNNING.close()


def in_memory(contract: Contract, folder: Path) -> Store:
    return MemoryStore(contract)


def in_a_folder(contract: Contract, folder: Path) -> Store:
    place = folder / f"gallery {next(NUMBERS)}"
    create_folder(place, contract)
    return open_folder(place)


@cache
def server() -> PostgresServer:
    started = PostgresServer()
    RUNNING.callback(started.stop)
    return started


def in_postgres(contract: Contract, folder: Path) -> Store:
    return open_store(server().address(f"gallery_{next(NUMBERS)}"), contract=contract, create=True)


@cache
def milvus() -> MilvusServer:
    started = MilvusServer()
    RUNNING.callback(started.stop)
    return started


def close_all(coming: list[Future[Store]]) -> None:
    for store in coming:
        store.result().close()


@cache
def made_ahead(codec: Codec) -> Iterator[Store]:
    """Yield new galleries in Milvus; a server takes three seconds for one, so some are always in the making."""
    contract = CONTRACT.with_codec(codec)
    addresses = (milvus().address(f"gallery_{number}") for number in NUMBERS)
    makers = RUNNING.enter_context(ThreadPoolExecutor(AHEAD))
    coming = [makers.submit(open_store, next(addresses), contract=contract, create=True) for _ in range(AHEAD)]
    RUNNING.callback(close_all, coming)
    for address in addresses:
        yield coming.pop(0).result()
        coming.append(makers.submit(open_store, address, contract=contract, create=True))


def in_milvus(contract: Contract, folder: Path) -> Store:
    assert contract == CONTRACT.with_codec(contract.codec)
    return next(made_ahead(contract.codec))


STORES: dict[str, Callable[[Contract, Path], Store]] = {
    "memory": in_memory,
    "folder": in_a_folder,
    "postgres": in_postgres,
    "milvus": in_milvus,
}


SLOW_STORES = {"milvus": [pytest.mark.long]}  # minutes, most of them the server's own waiting


def cases() -> list[Any]:
    pairs = itertools.product(STORES, ("float32", "int8"))
    return [pytest.param(pair, id=" in ".join(pair), marks=SLOW_STORES.get(pair[0], ())) for pair in pairs]


@pytest.fixture(params=cases())
def make(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Store]:
    store, codec = request.param
    monkeypatch.setattr(_keeper, "LEAST_CHANGED", 20)  # so that a store in a folder takes snapshots
    if store == "milvus":
        monkeypatch.setattr("fashionsdk.search.stores.milvus._view.GRACE", 0.5)  # so that one in Milvus purges
    return lambda contract=CONTRACT: STORES[store](contract.with_codec(codec), tmp_path)


def check(store: Store, plain: Plain, queries: dict[str, NDArray[np.float32]], k: int, **more: Any) -> None:
    found, expected = store.search(queries, k, **more), plain.search(queries, k, **more)
    assert found.keys == [[key for key, _ in answer] for answer in expected]
    assert found.scores.dtype == np.float32
    assert found.scores.tolist() == [[score for _, score in answer] for answer in expected]
    assert found.metadata == [[plain.items[key][1] for key, _ in answer] for answer in expected]
    assert list(found.parts) == list(queries)
    for name, query in queries.items():
        for q, keys in enumerate(found.keys):
            vectors = [plain.items[key][0][name] for key in keys]
            parts = [np.nan if x is None else np.dot(query[q].astype(float), x.astype(float)) for x in vectors]
            np.testing.assert_array_equal(found.parts[name][q], np.array(parts, np.float32))


def filled(make: Callable[..., Store], *batches: Items) -> tuple[Store, Plain]:
    store = make()
    plain = Plain(store.contract.codec)
    for batch in batches:
        store.add(batch)
        plain.add(batch)
    return store, plain


@pytest.mark.slow
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_answers_are_those_of_a_plain_computation(make, data):
    """Ties, weights of both signs, missing attributes, one item, K beyond the gallery."""
    count, missing = data.draw(st.integers(0, 40)), data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    store, plain = filled(make, items(1, names(count), missing=missing))
    for chosen in (["neckline"], ["sleeve"], ["sleeve", "neckline"]):
        weights = [np.float32(data.draw(st.sampled_from(WEIGHTS))) for _ in chosen]
        drawn = vectors(data.draw(st.integers(0, 9)), data.draw(st.integers(0, 4)))
        queries = {name: weight * drawn[name] for name, weight in zip(chosen, weights, strict=True)}
        where, require = data.draw(st.sampled_from(CONDITIONS)), data.draw(st.sampled_from(["any", "all"]))
        check(store, plain, queries, data.draw(st.integers(1, 50)), where=where, require=require)
    store.close()


@pytest.mark.slow
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.sets(st.integers(0, 12))), max_size=9))
def test_writes_are_those_of_a_dict(make, steps):
    """Adding, replacing, removing, adding again, other metadata: order, contents, and nothing after an error."""
    store, plain = filled(make)
    for seed, (step, numbers) in enumerate(steps):
        keys = [f"{number}.jpg" for number in numbers]
        stored = [key for key in keys if key in plain.items]
        if step == "remove":
            if len(stored) < len(keys):
                with pytest.raises(ValueError, match="no item has the key"):
                    store.remove(keys)
            else:
                store.remove(keys)
                plain.items = {key: item for key, item in plain.items.items() if key not in keys}
        elif step == "update" and len(stored) < len(keys):
            with pytest.raises(ValueError, match="no item has the key"):
                store.update(keys, [{"price": seed}] * len(keys))
        elif step == "update":
            store.update(keys, [{"price": seed, "new": key} for key in keys])
            for key in keys:
                plain.items[key][1].update({"price": seed, "new": key})
        elif stored and step == "add":
            with pytest.raises(ValueError, match=f"key '{stored[0]}' is already in the gallery"):
                store.add(items(seed, keys, missing=0.2))
        else:
            store.add(items(seed, keys, missing=0.2), replace=step == "replace")
            plain.add(items(seed, keys, missing=0.2))
        assert len(store) == len(plain.items)
        assert [key for batch in store.items(()) for key in batch.keys] == list(plain.items)
        check(store, plain, vectors(3, 2), 5)
        check(store, plain, {"sleeve": vectors(4, 1)["sleeve"]}, 20, where=CONDITIONS[seed % len(CONDITIONS)])
    store.vacuum()
    check(store, plain, vectors(3, 2), 5, where=CONDITIONS[3])
    store.close()


def test_a_query_with_one_attribute_leaves_out_items_that_lack_it(make):
    sleeveless = items(1, ["dress"])
    sleeveless.vectors["sleeve"][0] = 0
    store, plain = filled(make, sleeveless, items(2, ["coat"]))
    queries = vectors(3, 2)
    assert store.search({"sleeve": queries["sleeve"]}, 9).keys == [["coat"]] * 2
    assert {len(keys) for keys in store.search(queries, 9).keys} == {2}
    check(store, plain, {name: -rows for name, rows in queries.items()}, 9)


def test_an_answer_does_not_depend_on_the_other_queries(make):
    store, _ = filled(make, items(1, names(300)))
    rng = np.random.default_rng(5)
    queries = {name: rng.normal(size=(7, size)).astype(np.float32) for name, size in CONTRACT.dimensions.items()}
    together = store.search(queries, 300)
    for row in range(7):
        alone = store.search({name: rows[row : row + 1] for name, rows in queries.items()}, 300)
        assert alone.keys == [together.keys[row]]
        assert alone.scores.tobytes() == together.scores[row].tobytes()


def test_weighted_sums_of_any_vectors_rank_like_float64(make):
    rng = np.random.default_rng(6)
    drawn = {name: rng.normal(size=(200, size)) for name, size in CONTRACT.dimensions.items()}
    made = {
        name: (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32) for name, rows in drawn.items()
    }
    store, _ = filled(make, Items(names(200), made, [{}] * 200))
    queries = {"neckline": np.float32(0.7) * made["neckline"][:5], "sleeve": np.float32(-0.3) * made["sleeve"][5:10]}
    kept = store.get(names(200)).vectors
    exact = sum(queries[name].astype(float) @ kept[name].astype(float).T for name in queries)
    found = store.search(queries, 20)
    assert found.keys == [[names(200)[row] for row in np.argsort(-scores, kind="stable")[:20]] for scores in exact]
    np.testing.assert_allclose(found.scores, -np.sort(-exact, axis=1)[:, :20], rtol=2**-23, atol=0)


def test_items_come_back_by_key_in_the_order_asked(make):
    batch = items(1, names(9), missing=0.3)
    store, _ = filled(make, batch)
    found = store.get(["7.jpg", "2.jpg"])
    assert list(found.keys) == ["7.jpg", "2.jpg"]
    assert list(found.metadata) == [batch.metadata[7], batch.metadata[2]]
    for name, rows in batch.vectors.items():
        kept = decoded(store.contract.codec, encoded(store.contract.codec, rows))
        np.testing.assert_array_equal(found.vectors[name], kept[[7, 2]])
        found.vectors[name][:] = 9  # the caller's own
        np.testing.assert_array_equal(store.get(["7.jpg"]).vectors[name], kept[[7]])
    assert list(store.get(["1.jpg"], ["sleeve"]).vectors) == ["sleeve"]
    assert len(store.get([]).keys) == 0
    with pytest.raises(ValueError, match=r"no item has the key 'other.jpg'; the gallery holds 9 items"):
        store.get(["1.jpg", "other.jpg"])


def test_known_returns_the_keys_that_are_there(make):
    store, _ = filled(make, items(1, names(3)))
    assert store.known(["2.jpg", "other.jpg", "0.jpg"]) == {"0.jpg", "2.jpg"}
    assert store.contract == CONTRACT.with_codec(store.contract.codec)


def test_all_items_are_those_of_the_moment_of_the_call(make):
    batch = items(1, names(5), missing=0.5)
    store, _ = filled(make, batch)
    batches = store.items()
    store.remove(names(2))
    store.add(items(2, names(3, start=7)))
    read = list(batches)
    assert [key for part in read for key in part.keys] == names(5)
    for name, rows in batch.vectors.items():
        kept = decoded(store.contract.codec, encoded(store.contract.codec, rows))
        np.testing.assert_array_equal(np.concatenate([part.vectors[name] for part in read]), kept)


def test_a_reader_beside_a_writer_sees_whole_writes(make):
    """Each write moves ten items to another vector; a search that saw a half would find two scores."""
    store, keys, stop = make(), names(10), threading.Event()
    poles = [
        {name: np.full((10, size), sign / np.sqrt(size), np.float32) for name, size in CONTRACT.dimensions.items()}
        for sign in (1, -1)
    ]
    store.add(Items(keys, poles[0], [{}] * 10))

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            store.add(Items(keys, poles[number % 2], [{}] * 10), replace=True)
            store.add(items(1, [f"more {number}"], missing=1.0))
            store.remove([f"more {number}"])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(100):
            scores = store.search({"sleeve": poles[0]["sleeve"][:1]}, 50).scores[0].tolist()
            assert scores in ([1.0] * 10, [-1.0] * 10)
            assert len(store) in (10, 11)
    finally:
        stop.set()
        writer.join()


def test_a_closed_store_says_so(make):
    store, _ = filled(make, items(1, names(3)))
    store.close()
    store.close()
    for call in (
        lambda: len(store),
        lambda: store.known([]),
        lambda: store.get([]),
        lambda: store.items(),
        lambda: store.add(items(1, ["a"])),
        lambda: store.update([], []),
        lambda: store.remove([]),
        store.vacuum,
        store.details,
        lambda: store.search(vectors(1, 1), 1),
    ):
        with pytest.raises(ValueError, match="is closed; open it again"):
            call()


def test_a_store_is_pickled_and_opened_in_another_process(make):
    store, plain = filled(make, items(1, names(5)))
    copy = pickle.loads(pickle.dumps(store))
    assert copy.contract == store.contract
    check(copy, plain, vectors(1, 2), 3)
    copy.close()


def test_keys_may_be_any_file_name_and_metadata_any_json(make):
    """Names that are not valid Unicode, or hold a NUL or quotes; texts likewise."""
    keys = ["", "a\0b", 'it\'s "quoted"', "\udcff.jpg", "été 🧥", "; DROP TABLE items"]
    notes: list[Any] = [{"x": key, "": [None, {"deep": key}], "n": 2**70} for key in keys]
    store = make()
    store.add(Items(keys, vectors(1, len(keys)), notes))
    assert list(store.get(keys[::-1]).metadata) == notes[::-1]
    assert [key for batch in store.items(()) for key in batch.keys] == keys
    found = store.search(vectors(2, 1), 9, where=parse_condition('x = "; DROP TABLE items" or x contains "a"'))
    assert found.keys == [["; DROP TABLE items"]]
    store.remove(keys[:3])
    assert store.known(keys) == set(keys[3:])


def test_more_keys_than_a_statement_takes(make):
    store, plain = filled(make, items(1, names(1100)))
    check(store, plain, vectors(2, 2), 1100)
    assert len(store.known(names(1200))) == 1100
    store.remove(names(600))
    assert len(store) == 500
