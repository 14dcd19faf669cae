"""Probabilities in embeddings and vectors that stand for a value, written out one number at a time."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk import Attribute, Embeddings, ValueSpace
from fashionsdk.embedding import predicted, predictions
from fashionsdk.values import Posterior, Prediction

NECKLINE, SLEEVE, COLOUR = (
    Attribute("neckline", ("round", "v")),
    Attribute("sleeve", ("long", "short", "none")),
    Attribute("colour", ("red", "blue")),
)
ATTRIBUTES = (NECKLINE, SLEEVE, COLOUR)
SPACE = ValueSpace(ATTRIBUTES, {"neckline": Posterior(0, 1.0), "sleeve": Posterior(2, 2.0)})
WEIGHT = 0.9


def held(*probabilities: float, offset: int) -> np.ndarray:
    """Return a unit vector of seven numbers that holds probabilities from ``offset`` on, and something else."""
    vector = np.zeros(7)
    vector[offset : offset + len(probabilities)] = np.sqrt(WEIGHT * np.array(probabilities))
    vector[6] = math.sqrt(1 - WEIGHT)
    return vector.astype(np.float32)


def test_probabilities_are_the_squares_over_their_sum_flattened_by_the_temperature():
    vectors = np.stack([held(0.25, 0.75, offset=0), held(1.0, 0.0, offset=0)])
    np.testing.assert_allclose(SPACE.probabilities(vectors, "neckline"), np.array([[0.25, 0.75], [1, 0]]), atol=1e-6)
    roots = np.sqrt([0.64, 0.32, 0.04])  # T = 2
    expected = np.array([roots / roots.sum()])
    got = SPACE.probabilities(held(0.64, 0.32, 0.04, offset=2)[None], "sleeve")
    np.testing.assert_allclose(got, expected, atol=1e-6)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(any), st.floats(0.05, 20))
def test_probabilities_sum_to_one_and_no_temperature_changes_their_order(parts, temperature):
    vector = np.zeros((1, 7), np.float32)
    vector[0, 2:5] = np.sqrt(np.array(parts) / sum(parts))
    space = ValueSpace(ATTRIBUTES, {"sleeve": Posterior(2, temperature)})
    (got,) = space.probabilities(vector, "sleeve")
    assert got.sum() == pytest.approx(1, abs=1e-5)
    assert got[np.argmax(vector[0, 2:5])] == got.max()


def test_the_vector_of_a_value_is_one_at_its_place_and_finds_the_probable_first():
    vector = SPACE.vector("sleeve", "none", 7)
    assert vector.tolist() == [0, 0, 0, 0, 1, 0, 0]
    items = [held(1 - p, 0, p, offset=2) for p in (0.1, 0.9, 0.5)]
    assert np.argsort([-float(item @ vector) for item in items]).tolist() == [1, 2, 0]


def test_what_is_unknown_is_named_with_what_there_is():
    with pytest.raises(ValueError, match="unknown attribute 'colour'; expected neckline, sleeve"):
        SPACE.probabilities(np.zeros((1, 7), np.float32), "colour")
    with pytest.raises(ValueError, match="neckline has no value 'boat'; expected one of round, v"):
        SPACE.vector("neckline", "boat", 7)
    assert repr(SPACE) == "ValueSpace(neckline 2, sleeve 3)"
    for offset, temperature in ((-1, 1.0), (0, 0.0), (0, math.inf), (0, math.nan)):
        with pytest.raises(ValueError, match="expected 0 or more, and a number above 0"):
            Posterior(offset, temperature)


def test_predictions_name_the_most_probable_value_unless_it_is_too_improbable():
    vectors = np.stack([held(0.25, 0.75, offset=0), held(0.64, 0.32, 0.04, offset=2)])[None]
    embeddings = Embeddings(vectors, ("neckline", "sleeve"), "model", values=SPACE)
    ((neckline, sleeve),) = (row.values() for row in predictions(embeddings, 0.6))
    assert neckline.value == "v"
    assert list(neckline.probabilities) == ["round", "v"]
    assert neckline.probability == pytest.approx(0.75)
    assert sleeve.value is None
    assert sleeve.probability == pytest.approx(0.8 / (0.8 + math.sqrt(0.32) + 0.2))
    assert Prediction.of({"a": 0.5, "b": 0.5}, 0.5).value == "a"
    with pytest.raises(ValueError, match="unknown_below is 1\\.5; expected a probability"):
        predictions(embeddings, 1.5)


def test_predicted_are_the_attributes_whose_values_are_told_apart():
    assert predicted(SPACE, None) == ["neckline", "sleeve"]
    assert predicted(SPACE, "sleeve") == ["sleeve"]
    with pytest.raises(ValueError, match="unknown attribute 'colour'"):
        predicted(SPACE, ["colour"])
    with pytest.raises(ValueError, match="hold no probabilities of values"):
        predicted(None, None)
    with pytest.raises(ValueError, match="hold no probabilities of values"):
        Embeddings(np.zeros((1, 1, 7), np.float32), ("sleeve",), "model").probabilities("sleeve")
