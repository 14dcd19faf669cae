"""The linear probe, against scikit-learn's classifiers and on labels that are odd."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from fashionsdk.attributes import Attribute
from fashionsdk_training.probe import fit_logistic, fit_probe, standardisation
from fashionsdk_training.probe.fit_probe import HELD_OUT, STRENGTHS
from fashionsdk_training.probe.linear_probe import padded

SOLVER_ATOL = 2e-3  # of probabilities: two solvers stop at other points near the optimum; 8e-4 measured
ATTRIBUTES = (Attribute("colour", ("red", "green", "blue")), Attribute("sleeve", ("long", "short")))


def clouds(count: int, seed: int, features: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return features of overlapping clouds, one per pair of values, and the values ``(count, 2)``."""
    rng = np.random.default_rng(seed)
    values = np.stack([rng.integers(0, 3, count), rng.integers(0, 2, count)], axis=1).astype(np.int32)
    centres = np.random.default_rng(99).normal(0, 0.7, (2, 3, features))
    points = centres[0, values[:, 0]] + centres[1, values[:, 1]] + rng.normal(size=(count, features)) + 5
    return points.astype(np.float32), values


def reference(x: np.ndarray, y: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the chosen C and the probabilities by the protocol in words: scikit-learn, C by every fifth photo."""

    def fit(features: np.ndarray, values: np.ndarray, c: float) -> LogisticRegression:
        return LogisticRegression(C=c, max_iter=5000, tol=1e-8).fit(features, values)

    held_out = np.arange(len(y)) % HELD_OUT == 0
    asked = held_out & np.isin(y, y[~held_out])
    scores = [fit(x[~held_out], y[~held_out], c).score(x[asked], y[asked]) for c in STRENGTHS]
    best = STRENGTHS[int(np.argmax(scores))]
    return best, fit(x, y, best).predict_proba(target)


def test_probabilities_are_those_of_the_protocol_by_scikit_learn():
    (x, values), (target, _) = clouds(300, 0), clouds(50, 1)
    values[::7, 0] = -1
    values[::3, 1] = np.random.default_rng(3).integers(0, 2, 100)  # noise, which asks for another penalty
    probe = fit_probe(x, values, ATTRIBUTES)
    scaler = StandardScaler().fit(x)
    chosen = set()
    for a, got in enumerate(probe.probabilities(target)):
        known = values[:, a] >= 0
        best, expected = reference(scaler.transform(x)[known], values[known, a], scaler.transform(target))
        chosen.add(best)
        np.testing.assert_allclose(got, expected, rtol=0, atol=SOLVER_ATOL)
    assert len(chosen) > 1, "the attributes choose different penalties, or the test shows little"


def test_embeddings_are_the_square_roots_of_the_probabilities_at_unit_length():
    (x, values), (target, _) = clouds(200, 0), clouds(20, 1)
    probe = fit_probe(x, values, ATTRIBUTES)
    vectors, probabilities = probe.embeddings(target), probe.probabilities(target)
    assert vectors.shape == (20, 2, 3)
    for i in range(20):
        for a in range(2):
            assert vectors[i, a].tolist() == pytest.approx([*np.sqrt(probabilities[a][i]), 0][:3], abs=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=2), 1, atol=1e-6)


def test_rows_are_an_attributes_values():
    x, values = clouds(100, 0)
    probe = fit_probe(x, values, ATTRIBUTES)
    assert [probe.rows(a) for a in range(2)] == [slice(0, 3), slice(3, 5)]
    assert probe.weight.shape == (5, x.shape[1])
    logits = ((torch.from_numpy(x) - probe.mean) / probe.deviation) @ probe.weight[3:5].T + probe.bias[3:5]
    np.testing.assert_allclose(logits.softmax(dim=1).numpy(), probe.probabilities(x)[1], atol=1e-5)


def test_blank_labels_do_not_teach():
    x, values = clouds(200, 0)
    blank = values.copy()
    blank[150:, 1] = -1
    whole, part = fit_probe(x, blank, ATTRIBUTES), fit_probe(x[:150], values[:150], ATTRIBUTES)
    np.testing.assert_allclose(
        fit_probe(x, blank[:, 1:], ATTRIBUTES[1:]).weight.numpy(), whole.weight[3:].numpy(), atol=1e-6
    )
    assert (whole.probabilities(x)[1] > 0.5).mean() == pytest.approx((part.probabilities(x)[1] > 0.5).mean(), abs=0.02)


def test_values_with_few_photos_or_none_and_attributes_of_one_value_are_fitted():
    x, values = clouds(60, 0)
    values[values[:, 0] == 2, 0] = 1
    values[0, 0] = 2  # one photo, and it is held out while the penalty is chosen
    values[:, 1] = 0
    attributes = (*ATTRIBUTES, Attribute("neck", ("v", "round", "boat")), Attribute("hem", ("wide", "narrow")))
    neck, hem = np.full((60, 1), -1, np.int32), np.full((60, 1), -1, np.int32)
    hem[:2, 0] = 0, 1
    colour, sleeve, nothing, two = fit_probe(x, np.hstack([values, neck, hem]), attributes).probabilities(x)
    assert (colour > 0).all()
    assert np.argmax(colour[:, 2]) == 0
    assert (sleeve == [1, 0]).all()
    np.testing.assert_allclose(nothing, 1 / 3, atol=1e-6)
    assert two[0, 0] > 0.5 > two[1, 0]


def test_a_feature_that_is_constant_in_training_does_not_decide():
    x, values = clouds(100, 0)
    x[:, 3] = 7
    probe = fit_probe(x, values, ATTRIBUTES)
    moved = x.copy()
    moved[:, 3] += 0.01
    for a, b in zip(probe.probabilities(x), probe.probabilities(moved), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)


def test_features_and_values_that_do_not_fit_are_an_error():
    x, values = clouds(10, 0)
    for features, labels in ((x[:0], values[:0]), (x, values[:9]), (x, values[:, :1])):
        with pytest.raises(ValueError, match=r"expected \(N, F\) and \(N, A\), N at least 1"):
            fit_probe(features, labels, ATTRIBUTES)


def test_where_a_fit_starts_does_not_change_where_it_ends():
    x, values = clouds(200, 0)
    mean, deviation = standardisation(torch.from_numpy(x))
    features = (torch.from_numpy(x) - mean) / deviation
    far = torch.full((3, x.shape[1]), 2.0), torch.tensor([5.0, 0.0, -5.0])
    first, second = (fit_logistic(features, values[:, 0], 0.05, start=start)[0] for start in (None, far))
    torch.testing.assert_close(first, second, rtol=0, atol=1e-3)
    assert far[0].unique().tolist() == [2.0], "the start is left as it was"


def test_shorter_embeddings_end_in_zeros():
    wide, narrow = np.ones((2, 3), np.float32), np.full((2, 1), 2, np.float32)
    assert padded([wide, narrow]).tolist() == [[[1, 1, 1], [2, 0, 0]]] * 2
