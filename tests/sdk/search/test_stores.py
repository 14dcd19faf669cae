"""The contract of every store, against a plain numpy computation; a new store joins by one line in ``STORES``."""

import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fashionsdk.search.stores import Contract, Items, MemoryStore, Store, load_gallery, save_gallery

# Vectors of 1/2 or 1/4 everywhere have length 1, and their products are exact in every number format.
CONTRACT = Contract("d" * 64, {"neckline": 4, "sleeve": 16})
STEPS = ("add", "replace", "remove")
WEIGHTS = (1.0, 0.5, -0.25, 2.0)
STORES: dict[str, Callable[[Contract], Store]] = {"memory": MemoryStore}


@pytest.fixture(params=STORES)
def make(request: pytest.FixtureRequest) -> Callable[..., Store]:
    return STORES[request.param]


@dataclass
class Plain:
    """The same store as a dict: key -> vectors by attribute (``None`` if missing) and metadata."""

    items: dict[str, tuple[dict[str, NDArray[np.float32] | None], dict[str, Any]]] = field(default_factory=dict)

    def add(self, items: Items) -> None:
        for row, key in enumerate(items.keys):
            vectors = {name: rows[row] if rows[row].any() else None for name, rows in items.vectors.items()}
            self.items[key] = (vectors, dict(items.metadata[row]))

    def search(self, queries: dict[str, NDArray[np.float32]], k: int) -> list[list[tuple[str, float]]]:
        answers = []
        for q in range(len(next(iter(queries.values())))):
            scored = []
            for key, (vectors, _) in self.items.items():
                pairs = [(query[q], vectors[name]) for name, query in queries.items()]
                present = [(x, y) for x, y in pairs if y is not None]
                if present:
                    scored.append((key, float(sum(np.dot(x.astype(float), y.astype(float)) for x, y in present))))
            answers.append(sorted(scored, key=lambda pair: -pair[1])[:k])  # sorted() is stable
        return answers


def vectors(seed: int, count: int, *, missing: float = 0.0) -> dict[str, NDArray[np.float32]]:
    """Return unit vectors of few different values, so that scores tie; some rows are zeros."""
    rng = np.random.default_rng(seed)
    made = {}
    for name, dimension in CONTRACT.dimensions.items():
        signs = (
            rng.choice([-1, 1], size=(6, dimension))[rng.integers(0, 6, count)] if count else np.empty((0, dimension))
        )
        made[name] = (signs / np.sqrt(dimension)).astype(np.float32)
        made[name][rng.random(count) < missing] = 0
    return made


def items(seed: int, keys: list[str], *, missing: float = 0.0) -> Items:
    return Items(keys, vectors(seed, len(keys), missing=missing), [{"seed": seed, "key": key} for key in keys])


def names(count: int, start: int = 0) -> list[str]:
    return [f"{index}.jpg" for index in range(start, start + count)]


def check(store: Store, plain: Plain, queries: dict[str, NDArray[np.float32]], k: int) -> None:
    found, expected = store.search(queries, k), plain.search(queries, k)
    assert found.keys == [[key for key, _ in answer] for answer in expected]
    assert found.scores.dtype == np.float32
    assert found.scores.tolist() == [[score for _, score in answer] for answer in expected]
    assert found.metadata == [[plain.items[key][1] for key, _ in answer] for answer in expected]


def filled(make: Callable[..., Store], *batches: Items) -> tuple[Store, Plain]:
    store, plain = make(CONTRACT), Plain()
    for batch in batches:
        store.add(batch)
        plain.add(batch)
    return store, plain


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_answers_are_those_of_a_plain_computation(make, data):
    """Ties, weights of both signs, missing attributes, one item, K beyond the gallery."""
    count, missing = data.draw(st.integers(0, 40)), data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    store, plain = filled(make, items(1, names(count), missing=missing))
    for chosen in (["neckline"], ["sleeve"], ["sleeve", "neckline"]):
        weights = [np.float32(data.draw(st.sampled_from(WEIGHTS))) for _ in chosen]
        drawn = vectors(data.draw(st.integers(0, 9)), data.draw(st.integers(0, 4)))
        queries = {name: weight * drawn[name] for name, weight in zip(chosen, weights, strict=True)}
        check(store, plain, queries, data.draw(st.integers(1, 50)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(["add", "replace", "remove"]), st.sets(st.integers(0, 12))), max_size=9)
)
def test_writes_are_those_of_a_dict(make, steps):
    """Adding, replacing, removing, adding again: order, contents, and nothing after an error."""
    store, plain = make(CONTRACT), Plain()
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
        elif stored and step == "add":
            with pytest.raises(ValueError, match=f"key '{stored[0]}' is already in the gallery"):
                store.add(items(seed, keys, missing=0.2))
        else:
            store.add(items(seed, keys, missing=0.2), replace=step == "replace")
            plain.add(items(seed, keys, missing=0.2))
        assert len(store) == len(plain.items)
        assert [key for batch in store.items(()) for key in batch.keys] == list(plain.items)
        check(store, plain, vectors(3, 2), 5)
        check(store, plain, {"sleeve": vectors(4, 1)["sleeve"]}, 20)


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
    exact = sum(queries[name].astype(float) @ made[name].astype(float).T for name in queries)
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
        np.testing.assert_array_equal(found.vectors[name], rows[[7, 2]])
        found.vectors[name][:] = 9  # the caller's own
        np.testing.assert_array_equal(store.get(["7.jpg"]).vectors[name], rows[[7]])
    assert list(store.get(["1.jpg"], ["sleeve"]).vectors) == ["sleeve"]
    assert len(store.get([]).keys) == 0
    with pytest.raises(ValueError, match=r"no item has the key 'other.jpg'; the gallery holds 9 items"):
        store.get(["1.jpg", "other.jpg"])


def test_known_returns_the_keys_that_are_there(make):
    store, _ = filled(make, items(1, names(3)))
    assert store.known(["2.jpg", "other.jpg", "0.jpg"]) == {"0.jpg", "2.jpg"}
    assert store.contract == CONTRACT


def test_all_items_are_those_of_the_moment_of_the_call(make):
    batch = items(1, names(5), missing=0.5)
    store, _ = filled(make, batch)
    batches = store.items()
    store.remove(names(2))
    store.add(items(2, names(3, start=7)))
    read = list(batches)
    assert [key for part in read for key in part.keys] == names(5)
    for name, rows in batch.vectors.items():
        np.testing.assert_array_equal(np.concatenate([part.vectors[name] for part in read]), rows)


def test_a_reader_beside_a_writer_sees_whole_writes(make):
    """Each write moves ten items to another vector; a search that saw a half would find two scores."""
    store, keys, stop = make(CONTRACT), names(10), threading.Event()
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
        for _ in range(300):
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
        lambda: store.remove([]),
        lambda: store.search(vectors(1, 1), 1),
    ):
        with pytest.raises(ValueError, match="is closed; open it again"):
            call()


def test_a_store_in_memory_is_pickled_and_saved_whole(tmp_path):
    contract = Contract("d" * 64, {"neckline": 4})
    store = MemoryStore(contract)
    store.add(Items(names(5), {"neckline": vectors(1, 5)["neckline"]}, [{"n": n} for n in range(5)]))
    save_gallery(tmp_path / "x.gallery", store)
    for copy in (pickle.loads(pickle.dumps(store)), load_gallery(tmp_path / "x.gallery", model="d" * 64)):
        assert copy.contract == contract
        assert copy.get(names(5)).metadata == store.get(names(5)).metadata
        copy.remove(["0.jpg"])
        assert (len(copy), len(store)) == (4, 5)


def test_a_gallery_file_holds_one_dimension_only(tmp_path):
    with pytest.raises(ValueError, match="a gallery file holds vectors of one length"):
        save_gallery(tmp_path / "x.gallery", MemoryStore(CONTRACT))
