"""Search against sorted lists, add and remove against a dict, and everything the matcher must refuse."""

import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import GalleryError
from fashionsdk.search._matcher import Matcher
from fashionsdk.search.scan import _ranking as ranking
from fashionsdk.search.scan import open_vectors

ATTRIBUTES = ("neckline", "sleeve_length")
MODEL = "a" * 64


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def embeddings(count: int, *, dimension: int = 16, seed: int = 0, attributes=ATTRIBUTES, model=MODEL) -> Embeddings:
    vectors = np.random.default_rng(seed).normal(size=(count, len(attributes), dimension))
    return Embeddings(unit(vectors), tuple(attributes), model)


def names(count: int, start: int = 0) -> list[str]:
    return [f"photo{index}.jpg" for index in range(start, start + count)]


def cosine(left, right) -> float:
    return float(np.float32(math.fsum(float(x) * float(y) for x, y in zip(left, right, strict=True))))


def ranked(query, gallery: dict[str, NDArray[np.float32]], k: int) -> list[tuple[str, float]]:
    scored = [(key, cosine(query, vector)) for key, vector in gallery.items()]
    best = sorted(scored, key=lambda pair: -pair[1])[:k]  # sorted() is stable: ties keep the gallery's order
    return [(key, max(-1.0, min(1.0, score))) for key, score in best]


def test_search_ranks_like_a_sorted_list():
    gallery, query = embeddings(50), embeddings(7, seed=1)
    matches = Matcher(names(50), gallery).search(query, "sleeve_length", k=5)
    for row, vector in enumerate(query["sleeve_length"]):
        expected = ranked(vector, dict(zip(names(50), gallery["sleeve_length"], strict=True)), 5)
        assert matches.keys[row] == [key for key, _ in expected]
        assert matches.scores[row].tolist() == [score for _, score in expected]
    assert matches.attribute == "sleeve_length"
    assert matches.scores.dtype == np.float32


def test_scores_stay_between_minus_1_and_1_without_changing_the_order():
    axis = np.zeros((4, 1, 16), np.float32)
    axis[:, 0, 0] = [1.0002, 1.0004, -1.0004, 0.9998]  # all pass for unit vectors
    vectors = Embeddings(axis, ("neckline",), MODEL)
    matches = Matcher(names(4), vectors).search(Embeddings(axis[1:2], ("neckline",), MODEL), k=4)
    assert matches.keys[0] == ["photo1.jpg", "photo0.jpg", "photo3.jpg", "photo2.jpg"]
    assert matches.scores[0].tolist() == [1, 1, 1, -1]
    assert matches.scores.dtype == np.float32


@pytest.mark.parametrize("wrong", ["photo.jpg", np.zeros((1, 2, 16), np.float32), None])
def test_what_is_not_embeddings_is_refused(wrong):
    matcher, kind = Matcher(names(3), embeddings(3)), type(wrong).__name__
    for name, call in (
        ("query", lambda: matcher.search(wrong, "neckline")),
        ("embeddings", lambda: matcher.add(["a"], wrong)),
        ("embeddings", lambda: Matcher(["a"], wrong)),
    ):
        with pytest.raises(TypeError, match=f"{name} is {kind}; expected Embeddings, as embedder.embed returns"):
            call()
    assert len(matcher) == 3


@pytest.mark.parametrize("index", [0, slice(1), None])
def test_embeddings_are_indexed_by_attribute_only(index):
    with pytest.raises(TypeError, match=r"expected an attribute's name, or use \.vectors\[i\]"):
        embeddings(3)[index]


def test_embeddings_cannot_be_iterated():
    with pytest.raises(TypeError, match="'Embeddings' object is not iterable"):
        iter(embeddings(3))  # type: ignore[call-overload]


def test_a_query_with_one_attribute_needs_no_name():
    gallery, query = embeddings(9), embeddings(2, seed=1)
    matcher = Matcher(names(9), gallery)
    assert matcher.search(query.select("neckline"), k=3).keys == matcher.search(query, "neckline", k=3).keys


def test_a_stored_photo_finds_itself_first():
    gallery = embeddings(30)
    found = Matcher(names(30), gallery).search(gallery, "neckline", k=1)
    assert found.keys == [[key] for key in names(30)]
    np.testing.assert_allclose(found.scores, 1, rtol=0, atol=1e-6)


@pytest.mark.parametrize("count", [1, 5, 33, 100, 257])
def test_copies_of_one_photo_keep_gallery_order_also_at_the_cut_off(count):
    vectors = np.repeat(embeddings(1, dimension=200).vectors, count, axis=0)
    matcher = Matcher(names(count), Embeddings(vectors, ATTRIBUTES, MODEL))
    for queries in (1, 3, 20):
        found = matcher.search(embeddings(queries, dimension=200, seed=1), "neckline", k=7)
        assert found.keys == [names(count)[:7]] * queries
        assert len(set(found.scores[0].tolist())) == 1


def test_an_answer_does_not_depend_on_the_other_queries_or_on_blocks(monkeypatch):
    matcher, query = Matcher(names(300), embeddings(300)), embeddings(11, seed=1)
    together = matcher.search(query, "neckline", k=300)
    monkeypatch.setattr(ranking, "SCORE_BYTES", 1)
    monkeypatch.setattr(ranking, "BLOCK_BYTES", 1)
    for row in range(len(query)):
        alone = matcher.search(Embeddings(query.vectors[[row]], ATTRIBUTES, MODEL), "neckline", k=300)
        assert alone.keys == [together.keys[row]]
        assert alone.scores.tobytes() == together.scores[row].tobytes()


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60), k=st.integers(1, 70), spread=st.floats(1e-8, 1))
def test_crowded_vectors_rank_like_a_sorted_list(seed, count, k, spread):
    random = np.random.default_rng(seed)
    vectors = unit(np.ones((count, 1, 24)) + spread * random.normal(size=(count, 1, 24)))
    query = unit(random.normal(size=(1, 1, 24)) + 0.5)
    found = Matcher(names(count), Embeddings(vectors, ("colour",), MODEL)).search(
        Embeddings(query, ("colour",), MODEL), k=k
    )
    expected = ranked(query[0, 0], dict(zip(names(count), vectors[:, 0], strict=True)), k)
    assert list(zip(found.keys[0], found.scores[0].tolist(), strict=True)) == expected


@pytest.mark.parametrize("count", [1, 3, 100])
@pytest.mark.parametrize("allowed", [1.0, 0.3, 0.002])
def test_the_best_of_many_rows_are_those_of_a_sort(monkeypatch, count, allowed):
    """Scores in groups, of which some have no candidate; ties, and rows beyond the last whole group."""
    monkeypatch.setattr(ranking, "GROUP_ROWS", 16)
    monkeypatch.setattr(ranking, "FEW", 0)
    random = np.random.default_rng(count)
    rows = unit(random.integers(-2, 3, size=(5003, 4)) + np.array([0.25, 0, 0, 0]))
    candidates = random.random(5003) < allowed
    query = unit(random.normal(size=(3, 4)))
    best = ranking.largest_sums([query], [open_vectors("float32", rows)], count, candidates)
    exact = (query.astype(np.float64) @ rows.astype(np.float64).T).astype(np.float32)
    order = np.argsort(np.where(candidates, -exact, np.inf), axis=1, kind="stable")
    np.testing.assert_array_equal(best.rows, order[:, : min(count, candidates.sum())])


def test_float32_products_stay_within_the_rounding_margin():
    vectors, queries = embeddings(500, dimension=1024)["neckline"], embeddings(50, dimension=1024, seed=1)["neckline"]
    error = np.abs(queries @ vectors.T - queries.astype(np.float64) @ vectors.T.astype(np.float64)).max()
    assert 2 * error < ranking.rounding_margin(1024)


def test_metadata_comes_back_with_its_key():
    notes: list[dict[str, Any]] = [{"price": 20}, {"tags": ("new", "sale")}, {}]
    matcher = Matcher(names(3), embeddings(3), notes)
    notes[0]["price"] = 99
    found = matcher.search(embeddings(1, seed=1), "neckline", k=3)
    expected = {"photo0.jpg": {"price": 20}, "photo1.jpg": {"tags": ["new", "sale"]}, "photo2.jpg": {}}
    assert found.metadata == [[expected[key] for key in found.keys[0]]]
    assert Matcher(names(1), embeddings(1)).get("photo0.jpg").metadata == {}


def test_get_returns_a_copy_of_what_was_stored():
    gallery = embeddings(4)
    matcher = Matcher(names(4), gallery)
    item = matcher.get("photo2.jpg")
    np.testing.assert_array_equal(item.embeddings.vectors, gallery.vectors[[2]])
    item.embeddings.vectors[:] = 0
    np.testing.assert_array_equal(matcher.get("photo2.jpg").embeddings.vectors, gallery.vectors[[2]])


def test_an_empty_gallery_answers_with_nothing():
    matcher = Matcher.empty(ATTRIBUTES, 16, MODEL)
    found = matcher.search(embeddings(2), "neckline")
    assert (found.keys, found.metadata, found.scores.shape) == ([[], []], [[], []], (2, 0))
    assert (len(matcher), matcher.keys, matcher.dimension) == (0, (), 16)


def test_no_queries_give_no_answers():
    found = Matcher(names(3), embeddings(3)).search(embeddings(0), "neckline", k=2)
    assert (found.keys, found.scores.shape) == ([], (0, 2))


def test_attributes_may_come_in_another_order():
    gallery = embeddings(6)
    matcher = Matcher.empty(ATTRIBUTES[::-1], 16, MODEL)
    matcher.add(names(6), gallery)
    np.testing.assert_array_equal(matcher.get("photo3.jpg").embeddings["neckline"], gallery["neckline"][[3]])


def test_a_query_may_hold_more_attributes_than_the_gallery():
    matcher = Matcher(names(6), embeddings(6).select("neckline"))
    query = embeddings(2, seed=1)
    assert matcher.search(query, "neckline", k=2).keys == matcher.search(query.select("neckline"), k=2).keys


def test_threads_may_search_at_once():
    matcher, query = Matcher(names(200), embeddings(200)), embeddings(20, seed=1)
    expected = matcher.search(query, "neckline").keys
    answers: list[list[list[str]]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(matcher.search(query, "neckline").keys)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 8


def broken(change) -> Embeddings:
    vectors = embeddings(2, seed=2).vectors.copy()
    change(vectors)
    return Embeddings(vectors, ATTRIBUTES, MODEL)


def set_to(value):
    return broken(lambda vectors: vectors.__setitem__((1, 1, 3), value))


HALVES: Any = np.ones((2, 2, 16)) / 4  # float64, which Embeddings takes and a gallery does not

BAD_ITEMS: dict[str, tuple[Any, Embeddings, Any, type[Exception], str]] = {
    "a stored key": (["new.jpg", "photo1.jpg"], embeddings(2), None, ValueError, "photo1.jpg"),
    "a key twice": (["new.jpg", "new.jpg"], embeddings(2), None, ValueError, "'new.jpg' is given twice"),
    "too few keys": (["new.jpg"], embeddings(2), None, ValueError, "1 keys for 2 embeddings"),
    "one string": ("ab", embeddings(2), None, TypeError, "list of strings"),
    "a number": (["a", 1], embeddings(2), None, TypeError, "list of strings"),
    "too little metadata": (["a", "b"], embeddings(2), [{}], ValueError, "1 metadata for 2"),
    "metadata that is no mapping": (["a", "b"], embeddings(2), [{}, "x"], TypeError, "mapping"),
    "metadata that is not JSON": (["a", "b"], embeddings(2), [{}, {"x": {1, 2}}], TypeError, "set"),
    "metadata that is NaN": (
        ["a", "b"],
        embeddings(2),
        [{}, {"x": math.nan}],
        ValueError,
        "x is nan, float; expected a finite number",
    ),
    "fewer attributes": (["a", "b"], embeddings(2).select("neckline"), None, ValueError, "expected neckline, sleeve"),
    "more attributes": (["a", "b"], embeddings(2, attributes=(*ATTRIBUTES, "x")), None, ValueError, "expected"),
    "another dimension": (
        ["a", "b"],
        embeddings(2, dimension=8),
        None,
        ValueError,
        "dimension 8 for neckline; expected 16",
    ),
    "another model": (["a", "b"], embeddings(2, model="b"), None, GalleryError, "embed both with the same bundle"),
    "NaN": (["a", "b"], set_to(math.nan), None, ValueError, "'b' has length nan"),
    "infinity": (["a", "b"], set_to(math.inf), None, ValueError, "'sleeve_length' vector of 'b'"),
    "a huge number": (["a", "b"], set_to(3e38), None, ValueError, "length inf"),
    "not unit length": (["a", "b"], broken(lambda v: v.__imul__(1.01)), None, ValueError, "length 1.01"),
    "zero": (["a", "b"], broken(lambda v: v.fill(0)), None, ValueError, "length 0"),
    "float64": (["a", "b"], Embeddings(HALVES, ATTRIBUTES, MODEL), None, TypeError, "float64"),
}


@pytest.mark.parametrize("name", BAD_ITEMS)
def test_a_refused_add_changes_nothing(name):
    keys, items, metadata, error, message = BAD_ITEMS[name]
    matcher = Matcher(names(3), embeddings(3))
    before = matcher.search(embeddings(2, seed=1), "neckline", k=9)
    with pytest.raises(error, match=message):
        matcher.add(keys, items, metadata)
    after = matcher.search(embeddings(2, seed=1), "neckline", k=9)
    assert (matcher.keys, after.keys) == (tuple(names(3)), before.keys)
    np.testing.assert_array_equal(after.scores, before.scores)


def test_a_refused_remove_changes_nothing():
    matcher = Matcher(names(3), embeddings(3))
    with pytest.raises(ValueError, match="'other"):
        matcher.remove(["photo1.jpg", "other.jpg"])
    with pytest.raises(TypeError, match="list of keys"):
        matcher.remove("photo1.jpg")
    assert matcher.keys == tuple(names(3))


def test_get_of_an_unknown_key_is_refused():
    with pytest.raises(ValueError, match=r"'other.jpg'; the gallery holds 3 items"):
        Matcher(names(3), embeddings(3)).get("other.jpg")


@pytest.mark.parametrize(
    ("query", "attribute", "k", "error", "message"),
    [
        (embeddings(1), None, 1, ValueError, "say which attribute"),
        (embeddings(1), "collar", 1, ValueError, "unknown attribute 'collar'"),
        (embeddings(1).select("neckline"), "sleeve_length", 1, ValueError, "unknown attribute"),
        (embeddings(1, attributes=["collar"]), None, 1, ValueError, "unknown attribute 'collar'"),
        (embeddings(1), "neckline", 0, ValueError, "k is 0"),
        (embeddings(1), "neckline", 1.5, TypeError, "k is 1.5; expected a whole number"),
        (embeddings(1), "neckline", "3", TypeError, "k is '3'; expected a whole number"),
        (embeddings(1), "neckline", True, TypeError, "k is True; expected a whole number"),
        (embeddings(1), 3, 1, TypeError, "attributes is 3; expected a name"),
        (embeddings(1, dimension=8), "neckline", 1, ValueError, "dimension 8"),
        (embeddings(1, model="b"), "neckline", 1, GalleryError, "mean nothing"),
        (broken(lambda v: v.fill(0)), "neckline", 1, ValueError, "'query 0' has length 0"),
    ],
)
def test_a_query_that_does_not_fit_is_refused(query, attribute, k, error, message):
    with pytest.raises(error, match=message):
        Matcher(names(3), embeddings(3)).search(query, attribute, k=k)


@pytest.mark.parametrize(
    ("attributes", "dimension", "error", "message"),
    [
        ((), 4, ValueError, "at least one attribute"),
        (("a", "a"), 4, ValueError, "at least one attribute"),
        (("a",), 0, ValueError, "dimension is 0; expected 1 or more"),
        (("a",), -1, ValueError, "dimension is -1; expected 1 or more"),
        (("a",), 4.0, TypeError, "dimension is 4.0; expected a whole number"),
        ("neckline", 4, TypeError, "attributes is the string 'neckline'; expected a list of names"),
    ],
)
def test_a_gallery_needs_attributes_and_a_dimension(attributes, dimension, error, message):
    with pytest.raises(error, match=message):
        Matcher.empty(attributes, dimension, MODEL)


POOL = unit(np.random.default_rng(3).integers(-1, 2, size=(12, 2, 6)) + np.array([0.25, 0, 0, 0, 0, 0]))


class MatcherMachine(RuleBasedStateMachine):
    """A matcher beside a dict; vectors come from a small pool, so most scores tie."""

    items: dict[str, tuple[NDArray[np.float32], dict[str, int]]]
    path: Path

    @initialize(folder=st.just(None))
    def start(self, folder):
        self.matcher, self.items, self.saved = Matcher.empty(ATTRIBUTES, 6, MODEL), {}, None

    @rule(data=st.lists(st.tuples(st.text(max_size=2), st.integers(0, 11)), max_size=8))
    def add(self, data):
        keys = [key for key, _ in data]
        vectors = POOL[[index for _, index in data]]
        notes = [{"pool": index} for _, index in data]
        if len(set(keys)) < len(keys) or set(keys) & set(self.items):
            with pytest.raises(ValueError):
                self.matcher.add(keys, Embeddings(vectors, ATTRIBUTES, MODEL), notes)
        else:
            self.matcher.add(keys, Embeddings(vectors, ATTRIBUTES, MODEL), notes)
            self.items |= {key: (vectors[row], notes[row]) for row, key in enumerate(keys)}

    @rule(picks=st.lists(st.integers(0, 30), max_size=4), stranger=st.booleans())
    def remove(self, picks, stranger):
        known = list(self.items)
        keys = [known[pick % len(known)] for pick in picks] if known else []
        if stranger:
            with pytest.raises(ValueError, match="stranger"):
                self.matcher.remove([*keys, "stranger"])
        else:
            self.matcher.remove(keys)
            self.items = {key: item for key, item in self.items.items() if key not in keys}

    @rule(index=st.integers(0, 11), attribute=st.sampled_from([0, 1]), k=st.integers(1, 12))
    def search(self, index, attribute, k):
        query = Embeddings(POOL[[index]], ATTRIBUTES, MODEL)
        found = self.matcher.search(query, ATTRIBUTES[attribute], k=k)
        expected = ranked(POOL[index, attribute], {key: item[0][attribute] for key, item in self.items.items()}, k)
        assert list(zip(found.keys[0], found.scores[0].tolist(), strict=True)) == expected
        assert found.metadata[0] == [self.items[key][1] for key, _ in expected]

    @rule()
    def save(self):
        self.matcher.save(self.path)
        self.saved = dict(self.items)

    @rule()
    def load(self):
        if self.saved is not None:
            self.matcher, self.items = Matcher.load(self.path, model=MODEL), dict(self.saved)

    @invariant()
    def holds_the_same_keys(self):
        assert self.matcher.keys == tuple(self.items)
        assert len(self.matcher) == len(self.items)
        assert all(key in self.matcher for key in self.items)
        assert "stranger" not in self.matcher


@pytest.mark.slow
def test_a_matcher_behaves_like_a_dict(tmp_path):
    class Machine(MatcherMachine):
        path = tmp_path / "shop.gallery"

    Machine.TestCase.settings = settings(
        max_examples=60, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow]
    )
    Machine.TestCase().runTest()
