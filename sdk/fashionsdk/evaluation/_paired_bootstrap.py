"""Do two systems differ on the same queries, or is it chance? A paired bootstrap over queries.

Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile intervals).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.evaluation._retrieval import Evaluation
from fashionsdk.evaluation._scores import AttributeScore, Scores

RESAMPLES = 2000
COVERAGE = 95.0  # percent
DRAWS_IN_MEMORY = 2**20  # a single resample may exceed it
LEAST_QUERIES = 10  # fewer resemble each other too often for an interval that means something


@dataclass(frozen=True)
class Difference(AttributeScore):
    """What the second of two systems gains on the first by one attribute, or over all queries.

    Attributes:
        attribute: its name.
        queries: how many both systems answered.
        first: MAP of the first system in percent.
        second: MAP of the second one in percent.
        difference: ``second - first``, in points of MAP.
        low: lower end of the difference's interval.
        high: its upper end.
    """

    queries: int
    first: float
    second: float
    difference: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Whether the second system ``gained`` or ``lost`` (0 is outside the interval), or ``no difference``."""
        if self.queries < LEAST_QUERIES:
            return "too few queries"
        if self.low > 0:
            return "gained"
        return "lost" if self.high < 0 else "no difference"

    def columns(self) -> Mapping[str, float]:
        """Return the table's columns: name -> a count (int), percent or points (float)."""
        means = {"queries": self.queries, "first": self.first, "second": self.second}
        return {**means, "difference": self.difference, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Comparison(Scores[Difference]):
    """The difference of two systems per attribute, and over all queries of the attributes that the mean consists of."""


def paired_bootstrap(
    first: Evaluation,
    second: Evaluation,
    seed: int,
    *,
    resamples: int = RESAMPLES,
    coverage: float = COVERAGE,
) -> Comparison:
    """Compare two systems that answered the same queries of one split.

    Each resample draws as many queries as there are, with replacement, and takes the mean of the systems' differences
    on them. The interval holds the middle ``coverage`` percent of these means. It says how much the figures would
    move with other queries, not with another training run.

    Args:
        first: a system's evaluation.
        second: another system's, on the same split.
        seed: of the draws. The same seed gives the same intervals.
        resamples: how many.
        coverage: of the interval, in percent.

    Raises:
        ValueError: the queries differ, or a number is out of range.
    """
    _check_same_queries(first, second)
    pairs = list(zip(first.each_query, second.each_query, strict=True))
    differences = [
        _difference(a.attribute, a.precisions, b.precisions, (seed, place), resamples, coverage)
        for place, (a, b) in enumerate(pairs, start=1)
    ]
    compared = [pair for pair in pairs if pair[0].attribute not in first.one_valued]
    everything = [np.concatenate([system.precisions for system in side]) for side in zip(*compared, strict=True)]
    overall = _difference(first.overall.attribute, everything[0], everything[1], (seed, 0), resamples, coverage)
    return Comparison(tuple(differences), overall)


def bootstrap_mean(
    values: NDArray[np.float64], seed: int | tuple[int, ...], *, resamples: int = RESAMPLES, coverage: float = COVERAGE
) -> tuple[float, float]:
    """Return the bootstrap interval of the mean of ``values``: its lower and upper end.

    Args:
        values: ``(Q,)``, one number a query: a difference, or an average precision.
        seed: of the draws.
        resamples: how many.
        coverage: of the interval, in percent.

    Raises:
        ValueError: there is no value, or a number is out of range.
    """
    if values.ndim != 1 or not len(values):
        raise ValueError(f"values have shape {values.shape}; expected (Q,), Q at least 1")
    if resamples < 1 or not 0 < coverage < 100:
        raise ValueError(f"resamples {resamples}, coverage {coverage}; expected 1 or more, and between 0 and 100")
    means, count = np.empty(resamples), len(values)
    rng = np.random.default_rng(seed)
    for part in slices(resamples, max(1, DRAWS_IN_MEMORY // count)):
        means[part] = values[rng.integers(0, count, (part.stop - part.start, count), np.int32)].mean(axis=1)
    outside = (100 - coverage) / 2
    low, high = np.percentile(means, [outside, 100 - outside])
    return float(low), float(high)


def _check_same_queries(first: Evaluation, second: Evaluation) -> None:
    names = [tuple(each.attribute for each in system.each_query) for system in (first, second)]
    if names[0] != names[1]:
        raise ValueError(f"one system answered {_listed(names[0])}, the other {_listed(names[1])}; expected the same")
    for a, b in zip(first.each_query, second.each_query, strict=True):
        if not np.array_equal(a.queries, b.queries):
            raise ValueError(
                f"{a.attribute}: the systems answered {len(a.queries)} and {len(b.queries)} queries, which are not the "
                "same; expected two evaluations of one split with the same readable photos"
            )
    if not names[0] or set(first.one_valued) >= set(names[0]):
        raise ValueError("there is nothing to compare: expected the queries of at least one attribute of two values")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "no query"


def _difference(
    name: str,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    seed: tuple[int, int],
    resamples: int,
    coverage: float,
) -> Difference:
    gains = second - first
    low, high = bootstrap_mean(gains, seed, resamples=resamples, coverage=coverage)
    percents = (first.mean(), second.mean(), gains.mean(), low, high)
    return Difference(name, len(gains), *(round(float(value) * 100, 4) for value in percents))
