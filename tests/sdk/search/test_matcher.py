"""Search against sorted lists."""

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashionsdk.embeddings import Embeddings
from fashionsdk.search._matcher import Matcher
from fashionsdk.search.scan import _ranking as ranking
from fashionsdk.search.scan import open_vectors
from tests.sdk.search.drawn_embeddings import ATTRIBUTES, MODEL, embeddings, names, ranked, unit


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
