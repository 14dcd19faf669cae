"""Items left out of a search, against a sorted list without them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashionsdk.embeddings import Embeddings
from fashionsdk.search import Matcher

KEYS = [f"{index}.jpg" for index in range(9)]


def unit(seed: int, count: int) -> Embeddings:
    """Return embeddings of few different values, so that scores tie."""
    vectors = np.random.default_rng(seed).choice([-0.5, 0.5], size=(count, 1, 4)).astype(np.float32)
    return Embeddings(vectors, ("colour",), "model")


GALLERY = unit(1, len(KEYS))
MATCHER = Matcher(KEYS, GALLERY, [{"n": n} for n in range(len(KEYS))])


def expected(query: np.ndarray, left_out: set[str], k: int) -> list[tuple[str, float]]:
    scored = zip(KEYS, (GALLERY["colour"] @ query).tolist(), strict=True)
    return sorted((pair for pair in scored if pair[0] not in left_out), key=lambda pair: -pair[1])[:k]


@settings(max_examples=80)
@given(
    excluded=st.lists(st.sets(st.sampled_from([*KEYS, "elsewhere.jpg"])), max_size=4),
    k=st.integers(1, 12),
    seed=st.integers(0, 5),
)
def test_answers_are_those_of_a_gallery_without_the_excluded_items(excluded, k, seed):
    queries = unit(seed, len(excluded))
    answers = [expected(query, left_out, k) for query, left_out in zip(queries["colour"], excluded, strict=True)]
    lists = [sorted(left_out) for left_out in excluded]
    if len({len(answer) for answer in answers}) > 1:
        with pytest.raises(
            ValueError, match=f"k is {k}, and . to . items are left for each query; expected k to be at"
        ):
            MATCHER.search(queries, k=k, exclude=lists)
        return
    found = MATCHER.search(queries, k=k, exclude=lists)
    assert found.keys == [[key for key, _ in answer] for answer in answers]
    assert found.scores.tolist() == [[score for _, score in answer] for answer in answers]
    assert found.metadata == [[{"n": KEYS.index(key)} for key, _ in answer] for answer in answers]
    assert found.scores.shape == (len(excluded), len(answers[0]) if answers else min(k, len(KEYS)))


def test_a_photo_of_the_gallery_does_not_find_itself():
    found = MATCHER.search(GALLERY, k=3, exclude=[[key] for key in KEYS])
    assert all(key not in keys for key, keys in zip(KEYS, found.keys, strict=True))
    assert MATCHER.search(GALLERY, k=1).scores.min() == 1


@pytest.mark.parametrize(
    "exclude", [["0.jpg", "3.jpg"], {"0.jpg", "3.jpg"}, [["0.jpg", "3.jpg"]], [{"3.jpg", "0.jpg"}]]
)
def test_one_query_takes_its_keys_alone_or_as_the_only_list(exclude):
    query = unit(2, 1)
    answer = [key for key, _ in expected(query["colour"][0], {"0.jpg", "3.jpg"}, 9)]
    assert MATCHER.search(query, k=9, exclude=exclude).keys == [answer]


def test_nothing_excluded_changes_nothing():
    for query, exclude in ((unit(3, 1), []), (unit(3, 1), ["elsewhere"]), (unit(3, 2), [[], ["elsewhere"]])):
        whole, found = MATCHER.search(query, k=20), MATCHER.search(query, k=20, exclude=exclude)
        assert found.keys == whole.keys
        assert found.scores.tobytes() == whole.scores.tobytes()
    assert MATCHER.search(unit(3, 1), exclude=KEYS).keys == [[]]
    assert MATCHER.search(unit(3, 0), exclude=[]).scores.shape == (0, 9)


@pytest.mark.parametrize(
    ("queries", "exclude", "error", "message"),
    [
        (1, "0.jpg", TypeError, "exclude is str; expected a list of keys for each query"),
        (2, ["0.jpg", "1.jpg"], TypeError, "exclude holds '0.jpg'; expected a list of keys for each query"),
        (2, {"0.jpg"}, TypeError, "exclude is set, which has no order"),
        (1, [["0.jpg"], ["1.jpg"]], ValueError, "exclude has 2 lists of keys for 1 queries"),
        (2, [], ValueError, "exclude has 0 lists of keys for 2 queries"),
        (1, [[1]], TypeError, r"exclude holds \[1\]"),
        (1, 5, TypeError, "exclude is int"),
        (1, iter(["0.jpg"]), TypeError, "exclude is list_iterator"),
    ],
)
def test_keys_in_another_form_are_refused(queries, exclude, error, message):
    with pytest.raises(error, match=message):
        MATCHER.search(unit(1, queries), exclude=exclude)
