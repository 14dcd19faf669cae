"""The standard gallery, against galleries that are really drawn and ranked, and sums made photo by photo."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.evaluation import score
from fashionsdk.evaluation.drift import expected_precision
from fashionsdk.evaluation.drift._attribute_map import attribute_map
from fashionsdk.evaluation.drift._measure_quality import own_shares
from tests.sdk.evaluation.drift.shops import NAMES, own_map, random_shop, with_data

DRAWN_ATOL = 0.005  # of a mean of 200,000 draws between 0 and 1: four standard errors are 0.0045 at most
STEP = 1e-5  # of finite differences
NUMBERS = st.floats(0, 1e4)


def precision_at(relevant, others):
    return float(expected_precision(np.array(float(relevant)), np.array(float(others)))[0])


@pytest.mark.parametrize(("relevant", "others"), [(0, 0), (0, 3), (2, 0), (0.3, 0.2), (4, 11)])
def test_the_expected_precision_is_that_of_drawn_numbers(relevant, others):
    rng = np.random.default_rng(0)
    x, y = rng.poisson(relevant, 200_000), rng.poisson(others, 200_000)
    assert precision_at(relevant, others) == pytest.approx(((1 + x) / (1 + x + y)).mean(), abs=DRAWN_ATOL)


@given(NUMBERS, NUMBERS)
def test_it_is_a_share_and_more_others_lower_it(relevant, others):
    assert 0 < precision_at(relevant, others + 1) <= precision_at(relevant, others) <= 1


@given(st.floats(0.01, 1e3), st.floats(0.01, 1e3))
def test_its_derivatives_are_its_differences(relevant, others):
    _, by_relevant, by_others = expected_precision(np.array(relevant), np.array(others))
    high, low = precision_at(relevant + STEP, others), precision_at(relevant - STEP, others)
    assert float(by_relevant) == pytest.approx((high - low) / 2 / STEP, abs=1e-4)
    high, low = precision_at(relevant, others + STEP), precision_at(relevant, others - STEP)
    assert float(by_others) == pytest.approx((high - low) / 2 / STEP, abs=1e-4)


def test_map_in_the_standard_gallery_is_the_mean_of_galleries_drawn_from_many_photos():
    """From a stock of 1,200 photos, galleries are drawn into which each photo falls by chance, 100 on average."""
    split, vectors = random_shop(0, 1200)
    rng, values = np.random.default_rng(1), split.matrix()[:, 0]
    maps = with_data((split, vectors), lambda data: own_map(data, 0))
    found = []
    for query in range(0, 1200, 20):
        scores, right = vectors[:, 0] @ vectors[query, 0], values == values[query]
        for _ in range(20):
            drawn = rng.random(1200) < 100 / 1200
            drawn[rng.choice(np.flatnonzero(right & (np.arange(1200) != query)))] = True
            drawn[query] = False
            hits = right[drawn][np.argsort(-scores[drawn])]
            found.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    some = maps.precisions[::20].mean()
    assert some == pytest.approx(np.mean(found), abs=0.03)


def test_the_number_and_the_shares_of_photos_hardly_move_it_though_they_move_map():
    shares = with_data(random_shop(0, 1500), lambda data: own_shares(data, 0))

    def both(seed, images, red):
        def measure(data):
            standard = attribute_map(data, 0, shares, np.random.default_rng(0))
            assert standard is not None
            return standard.map, score(data.split, data.vectors, NAMES).attributes[0].map

        return with_data(random_shop(seed, images, (0.8, 0.8), red), measure)

    few = np.mean([both(seed, 200, 0.7) for seed in range(10)], axis=0)
    many = np.mean([both(seed, 1200, 0.4) for seed in range(2)], axis=0)
    assert few[0] == pytest.approx(many[0], abs=2)
    assert few[1] > many[1] + 8


def slow_map(values, products, vectors, weights, expected):
    """Return MAP photo by photo, where each counts ``weights`` times; as the decision page defines it."""
    total = whole = 0.0
    for q, value in enumerate(values):
        others = [c for c in range(len(values)) if products[c] != products[q]]
        ranked = sorted(others, key=lambda c: -float(vectors[c] @ vectors[q]))
        right = sum(weights[c] for c in others if values[c] == value)
        seen = above = precision = 0.0
        for c in ranked:
            if values[c] == value:
                relevant = (expected[value] - 1) * seen / (right - weights[c])
                precision += weights[c] / right * precision_at(relevant, above)
                seen += weights[c]
            else:
                stock = sum(weights[i] for i in range(len(values)) if values[i] == values[c])
                above += weights[c] * expected[values[c]] / stock
        total, whole = total + weights[q] * precision, whole + weights[q]
    return total / whole


@pytest.mark.parametrize("products", [0, 13])
def test_map_and_what_each_photo_moves_are_those_of_a_slow_sum(products):
    images = 40
    split, vectors = random_shop(3, images, (0.8, 0.8), products=products)
    got = with_data((split, vectors), lambda data: own_map(data, 0))
    values, shown = split.matrix()[:, 0], split.products or range(images)
    expected = 100 * np.bincount(values) / images

    def slow(weights):
        return 100 * slow_map(values, shown, vectors[:, 0].astype(np.float64), weights, expected)

    assert got.map == pytest.approx(slow(np.ones(images)), abs=1e-3)
    for photo in (0, 7, 21):
        more, less = np.ones(images), np.ones(images)
        more[photo], less[photo] = 1 + STEP, 1 - STEP
        assert got.moves[photo] == pytest.approx((slow(more) - slow(less)) / 2 / STEP, abs=2e-3)
