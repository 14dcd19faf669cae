"""Average precision and its random expectation."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.evaluation._metrics import average_precision, random_average_precision, rank, recall_at
from tests.golden import recipe

ORIGINAL_ATOL = 1e-9  # both are float64 means of the same precisions


def obvious_average_precision(scores, relevant):
    ranked = sorted(range(len(scores)), key=lambda i: -scores[i])
    precisions = [
        sum(relevant[j] for j in ranked[: rank + 1]) / (rank + 1) for rank, i in enumerate(ranked) if relevant[i]
    ]
    return sum(precisions) / len(precisions) if precisions else 0.0


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=12))
def test_average_precision_is_the_mean_precision_at_relevant_ranks(candidates):
    scores, relevant = zip(*candidates, strict=True)
    got = average_precision(rank(np.array([scores], np.float32), np.array([relevant])))
    assert got[0] == pytest.approx(obvious_average_precision(scores, relevant))


@pytest.mark.parametrize("case", range(4))
def test_mean_average_precision_is_the_original_programs(case):
    with np.load(recipe.HERE / "golden.npz") as golden:
        part = {name: golden[f"metric.{case}.{name}"] for name in ("queries", "candidates", "map")}
        relevant = golden[f"metric.{case}.query_values"][:, None] == golden[f"metric.{case}.candidate_values"]
    got = average_precision(rank(part["queries"] @ part["candidates"].T, relevant)).mean()
    assert got == pytest.approx(float(part["map"]), abs=ORIGINAL_ATOL)


@pytest.mark.parametrize(("relevant", "candidates"), [(0, 3), (1, 1), (1, 4), (2, 5), (3, 5), (5, 5)])
def test_random_expectation_is_the_mean_over_all_rankings(relevant, candidates):
    flags = [True] * relevant + [False] * (candidates - relevant)
    falling = np.arange(candidates, 0, -1, dtype=np.float32)
    every = [average_precision(rank(falling[None], np.array([order])))[0] for order in set(permutations(flags))]
    assert random_average_precision(relevant, candidates) == pytest.approx(np.mean(every))


def test_recall_counts_queries_with_a_relevant_candidate_among_the_best():
    scores = np.array([[3, 2, 1], [3, 2, 1], [3, 2, 1]], np.float32)
    relevant = np.array([[True, False, False], [False, True, True], [False, False, False]])
    assert recall_at(rank(scores, relevant), 1).tolist() == [1, 0, 0]
    assert recall_at(rank(scores, relevant), 2).tolist() == [1, 1, 0]
