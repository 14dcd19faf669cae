"""What photos ask with, against probabilities computed one by one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk import Attribute, Embeddings, Matcher, ValueSpace
from fashionsdk.evaluation import evaluate
from fashionsdk.labels import RetrievalSplit
from fashionsdk.values import Posterior

ATTRIBUTES = (Attribute("neckline", ("round", "v", "boat")), Attribute("colour", ("red", "blue")))
NAMES = ("neckline", "colour")
OFFSET, DIMENSION, WEIGHT = 2, 7, 0.9


def space(power: float) -> ValueSpace:
    return ValueSpace(ATTRIBUTES, {"neckline": Posterior(OFFSET, 1.0, None, power)})


def drawn(count: int, seed: int, power: float = 4.0) -> Embeddings:
    """Return embeddings whose neckline holds roots of probabilities behind two other numbers."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 2, DIMENSION)).astype(np.float32)
    vectors[:, 0, OFFSET : OFFSET + 3] = np.sqrt(rng.dirichlet(np.ones(3), count))
    roots = np.zeros(DIMENSION, bool)
    roots[OFFSET : OFFSET + 3] = True
    vectors[:, 0, roots] *= np.sqrt(WEIGHT)
    vectors[:, 0, ~roots] *= np.sqrt(1 - WEIGHT) / np.linalg.norm(vectors[:, 0, ~roots], axis=1, keepdims=True)
    vectors[:, 1] /= np.linalg.norm(vectors[:, 1], axis=1, keepdims=True)
    return Embeddings(vectors, NAMES, "model", values=space(power))


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda p: sum(p) > 0), st.floats(1, 20))
def test_a_question_asks_with_a_power_of_its_probabilities(numbers, power):
    p = np.array(numbers) / sum(numbers)
    vector = np.zeros((1, DIMENSION), np.float32)
    vector[0, OFFSET : OFFSET + 3] = np.sqrt(WEIGHT * p)
    vector[0, 0] = -np.sqrt(1 - WEIGHT)
    asked = space(power).question(vector, "neckline")[0].astype(float)
    expected = (p / p.max()) ** power
    expected /= expected.sum()
    np.testing.assert_allclose(asked[OFFSET : OFFSET + 3] ** 2 / WEIGHT, expected, atol=1e-5)
    assert asked[0] == vector[0, 0]
    np.testing.assert_allclose(np.linalg.norm(asked), 1, atol=1e-5)


def test_what_is_not_known_asks_as_it_is():
    photos = drawn(4, 1)
    assert photos.questions("colour") is not None
    np.testing.assert_array_equal(photos.questions("colour"), photos["colour"])
    np.testing.assert_array_equal(drawn(4, 1, power=1.0).questions("neckline"), photos["neckline"])
    zeros = np.zeros((2, DIMENSION), np.float32)
    np.testing.assert_array_equal(space(4.0).question(zeros, "neckline"), zeros)
    with pytest.raises(ValueError, match=r"question_power is 0\.5"):
        Posterior(0, 1.0, None, 0.5)


def test_searches_rerankings_and_evaluations_ask_alike():
    gallery, photos = drawn(30, 1), drawn(5, 2)
    keys = [f"{index}.jpg" for index in range(30)]
    matcher = Matcher(keys, gallery)
    scores = photos.questions("neckline") @ gallery["neckline"].T
    expected = [[keys[i] for i in np.argsort(-row, kind="stable")] for row in scores]
    assert matcher.search(photos, "neckline", k=30).keys == expected
    assert matcher.rerank(photos, [keys] * 5, attribute="neckline").keys == expected
    by_key = matcher.search(keys=keys[:5], by="neckline", k=30)
    again = gallery.questions("neckline")[:5] @ gallery["neckline"].T
    assert by_key.keys == [[keys[i] for i in np.argsort(-row, kind="stable")] for row in again]


def test_an_evaluation_ranks_as_a_search_does():
    photos = drawn(40, 3)
    shown = np.random.default_rng(4).integers(0, 3, 40)
    rows = np.array([[index, 0, value] for index, value in enumerate(shown)], np.int32)
    names = tuple(f"{index}.jpg" for index in range(40))
    split = RetrievalSplit(Path(), names, ATTRIBUTES[:1], rows[:10], rows[10:])
    scores = photos.questions("neckline")[:10] @ photos["neckline"][10:].T
    expected = []
    for row, value in zip(scores, shown[:10], strict=True):
        hits = (shown[10:] == value)[np.argsort(-row)]
        expected.append((hits.cumsum() / np.arange(1, 31))[hits].mean())
    got = evaluate(split, [(np.arange(40), photos.vectors)], NAMES, photos.values)
    assert got.overall.map == pytest.approx(100 * np.mean(expected), abs=1e-3)
    assert got.overall.map != evaluate(split, [(np.arange(40), photos.vectors)], NAMES).overall.map
