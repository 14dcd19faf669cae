"""The paired bootstrap, against a slow loop and on cases whose answer is known."""

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from fashionsdk.evaluation import (
    Evaluation,
    QueryPrecisions,
    _paired_bootstrap,
    bootstrap_mean,
    evaluate,
    paired_bootstrap,
)
from tests.sdk.evaluation.random_embeddings import batches, random_vectors
from tests.sdk.evaluation.test_evaluation import obvious_precisions, random_split, with_one_sleeve

NAMES = ["colour", "sleeve"]


def evaluated(seed: int, images: int = 60) -> Evaluation:
    return evaluate(random_split(images), batches(random_vectors(images, seed)), NAMES)


def shifted(system: Evaluation, gains: list[float]) -> Evaluation:
    """Return an evaluation in which every query of an attribute has a precision higher by the attribute's gain."""
    each = zip(system.each_query, gains, strict=True)
    return replace(system, each_query=tuple(replace(one, precisions=one.precisions + gain) for one, gain in each))


def test_each_query_has_the_precision_of_its_sorted_list():
    split, vectors = random_split(60), random_vectors(60)
    got = evaluate(split, batches(vectors), NAMES)
    for a, each in enumerate(got.each_query):
        assert each.attribute == NAMES[a]
        np.testing.assert_array_equal(each.queries, split.queries[split.queries[:, 1] == a])
        np.testing.assert_allclose(each.precisions, obvious_precisions(split, vectors, a)[:, 0], atol=1e-12)
        assert got.attributes[a].map == pytest.approx(each.precisions.mean() * 100, abs=1e-4)


def test_queries_of_photos_without_an_embedding_are_not_among_them():
    split = random_split(60)
    skipped = int(split.queries[0, 0])
    got = evaluate(split, batches(random_vectors(60), skip=(skipped,)), NAMES)
    assert all(skipped not in each.queries[:, 0] for each in got.each_query)
    assert [len(each.precisions) for each in got.each_query] == [score.queries for score in got.attributes]


def test_json_has_the_means_only():
    values = json.loads(json.dumps(evaluated(1).to_json()))
    assert set(values) == {"attributes", "overall", "without_embedding", "one_valued"}


def test_a_system_does_not_differ_from_itself():
    comparison = paired_bootstrap(evaluated(1), evaluated(1), seed=0)
    for each in (*comparison.attributes, comparison.overall):
        assert (each.difference, each.low, each.high, each.verdict) == (0, 0, 0, "no difference")


def test_two_random_systems_do_not_differ():
    comparison = paired_bootstrap(evaluated(1, 300), evaluated(2, 300), seed=0)
    assert all(each.low < 0 < each.high for each in (*comparison.attributes, comparison.overall))


def test_what_every_query_gains_or_loses_is_the_whole_interval():
    first = evaluated(1)
    comparison = paired_bootstrap(first, shifted(first, [0.05, -0.02]), seed=0)
    for each, points, verdict in zip(comparison.attributes, (5, -2), ("gained", "lost"), strict=True):
        assert (each.difference, each.low, each.high) == pytest.approx((points, points, points))
        assert each.verdict == verdict
        assert each.second - each.first == pytest.approx(points, abs=1e-3)
    counts = [len(each.precisions) for each in first.each_query]
    assert comparison.overall.difference == pytest.approx(np.average([5, -2], weights=counts), abs=1e-3)
    assert comparison.overall.queries == sum(counts)


def test_intervals_are_those_of_a_slow_loop():
    first, second = evaluated(1), evaluated(2)
    got = paired_bootstrap(first, second, seed=3, resamples=4000, coverage=90)
    rng = np.random.default_rng(99)  # other draws: the ends agree as far as 4,000 resamples can tell
    for a, each in enumerate(got.attributes):
        gains = [
            float(y) - float(x)
            for x, y in zip(first.each_query[a].precisions, second.each_query[a].precisions, strict=True)
        ]
        means = sorted(sum(rng.choice(gains, len(gains))) / len(gains) * 100 for _ in range(4000))
        assert (each.low, each.high) == pytest.approx((means[200], means[-201]), abs=0.06 * (means[-1] - means[0]))
        assert each.low < each.difference < each.high


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution_where_that_is_exact():
    values = np.random.default_rng(0).normal(3, 2, 5000)
    low, high = bootstrap_mean(values, 1)
    error = values.std() / np.sqrt(len(values))
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.15 * error)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    held = [low < 0 < high for low, high in (bootstrap_mean(rng.normal(size=80), i, resamples=400) for i in range(300))]
    assert 0.89 <= np.mean(held) <= 0.98


def test_blocks_do_not_change_the_interval_and_memory_is_bounded(monkeypatch):
    values = np.random.default_rng(0).normal(size=20_000)
    whole = bootstrap_mean(values, 5, resamples=200)
    monkeypatch.setattr(_paired_bootstrap, "DRAWS_IN_MEMORY", 50_000)
    tracemalloc.start()
    assert bootstrap_mean(values, 5, resamples=200) == whole
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 * len(values)  # of 200 resamples together: 12 bytes a draw


def test_an_attribute_of_one_value_is_compared_but_not_part_of_the_mean():
    split = with_one_sleeve(random_split(60))
    first, second = (evaluate(split, batches(random_vectors(60, seed)), NAMES) for seed in (1, 2))
    comparison = paired_bootstrap(first, second, seed=0)
    colour, sleeve = comparison.attributes
    assert (sleeve.difference, sleeve.verdict) == (0, "no difference")
    assert comparison.overall.difference == colour.difference
    assert comparison.overall.queries == colour.queries


def test_few_queries_decide_nothing():
    system = evaluated(1)
    few = [replace(each, queries=each.queries[:9], precisions=each.precisions[:9]) for each in system.each_query]
    first = replace(system, each_query=tuple(few))
    comparison = paired_bootstrap(first, shifted(first, [0.1, 0.1]), seed=0)
    assert [each.verdict for each in comparison.attributes] == ["too few queries"] * 2
    assert comparison.overall.verdict == "gained"


def test_other_queries_cannot_be_compared():
    first, second = evaluated(1), evaluated(2)
    colour, sleeve = second.each_query
    fewer = QueryPrecisions("sleeve", sleeve.queries[1:], sleeve.precisions[1:])
    with pytest.raises(ValueError, match=r"sleeve: the systems answered \d+ and \d+ queries, which are not the same"):
        paired_bootstrap(first, replace(second, each_query=(colour, fewer)), 0)
    with pytest.raises(ValueError, match="one system answered colour, sleeve, the other colour; expected the same"):
        paired_bootstrap(first, replace(second, each_query=(colour,)), 0)
    with pytest.raises(ValueError, match="nothing to compare"):
        paired_bootstrap(replace(first, each_query=()), replace(second, each_query=()), 0)


@pytest.mark.parametrize(("values", "changes"), [([], {}), ([1.0], {"resamples": 0}), ([1.0], {"coverage": 100})])
def test_numbers_out_of_range_are_errors(values, changes):
    with pytest.raises(ValueError, match="expected"):
        bootstrap_mean(np.array(values), 0, **changes)
