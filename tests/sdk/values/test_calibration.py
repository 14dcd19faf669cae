"""Calibration against a count by hand and a search over all temperatures."""

import numpy as np
import pytest

from fashionsdk.values import calibration, fit_temperature


def test_the_error_is_the_mean_difference_of_what_was_said_and_what_was_right():
    probabilities = np.array([[0.95, 0.05], [0.91, 0.09], [0.32, 0.68], [0.62, 0.38], [0.5, 0.5]])
    labels = np.array([0, 1, 1, 1, 0])
    got = calibration(probabilities, labels)
    assert got.photos == 5
    assert got.accuracy == pytest.approx(3 / 5)
    # bins 0.5 to 0.6: 0.5, right; 0.6 to 0.7: 0.65, half right; 0.9 to 1: 0.93, half right
    assert got.error == pytest.approx((1 * 0.5 + 2 * 0.15 + 2 * 0.43) / 5)
    assert [row[0] for row in got.rows] == [1, 2, 2]


def likelihood(probabilities: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    powers = probabilities ** (1 / temperature)
    return float(np.log((powers / powers.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]).mean())


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_is_the_likeliest(sharpness):
    rng = np.random.default_rng(3)
    true = rng.dirichlet([0.5, 0.5, 0.5], size=4000)
    labels = np.array([rng.choice(3, p=row) for row in true])
    sharpened = true**sharpness
    sharpened /= sharpened.sum(axis=1, keepdims=True)
    got = fit_temperature(sharpened, labels, otherwise=1.0)
    assert got == pytest.approx(sharpness, rel=0.1)
    grid = np.exp(np.linspace(np.log(0.05), np.log(20), 400))
    assert likelihood(sharpened, labels, got) >= max(likelihood(sharpened, labels, each) for each in grid) - 1e-9


def test_few_photos_and_extreme_ones_give_a_number():
    certain, labels = np.eye(2)[[0, 1] * 15], np.array([0, 1] * 15)
    assert fit_temperature(certain[:19], labels[:19], otherwise=2.5) == 2.5
    assert 0.05 <= fit_temperature(certain, labels, 1.0) <= 20  # always right: as sharp as allowed
    assert 0.05 <= fit_temperature(certain, 1 - labels, 1.0) <= 20
