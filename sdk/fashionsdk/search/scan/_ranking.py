"""The K largest scores, exactly: fast products in float32 choose the candidates, float64 sums rank them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.search.scan._vectors import Vectors, open_vectors

SCORE_BYTES = 64 * 2**20  # of scores held at a time; one query's scores at least, 4 bytes an item
GROUP_ROWS = 256  # of which the best is looked at
LEAST_GROUPS = 8  # for each of K answers
FEW = 2048  # candidates that are ranked at once, without looking at the other rows
BLOCK_BYTES = 8 * 2**20  # of candidate vectors held in float64 at a time
FLOAT32_UNIT = 2.0**-24  # relative rounding error of one float32 operation
LENGTH_SLACK = 1.01  # lengths are 1 within 1e-3, so products exceed 1 by less than this


@dataclass(frozen=True, eq=False)
class Best:
    """The K best rows for each of Q queries, best first.

    Attributes:
        rows: int64 ``(Q, K)``.
        scores: float32 ``(Q, K)``.
        parts: for each attribute, what it adds to the scores, float32 ``(Q, K)``.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    parts: list[NDArray[np.float32]]

    @classmethod
    def none_yet(cls, queries: int, count: int, attributes: int) -> "Best":
        """Return arrays of this size, to be filled."""
        shape = queries, count
        parts = [np.empty(shape, np.float32) for _ in range(attributes)]
        return cls(np.empty(shape, np.int64), np.empty(shape, np.float32), parts)

    def put(self, position: int, ranked: "Ranked") -> None:
        """Fill one query's answer in."""
        self.rows[position], self.scores[position] = ranked.rows, ranked.scores
        for part, values in zip(self.parts, ranked.parts, strict=True):
            part[position] = values


class Ranked(NamedTuple):
    """One query's best rows ``(K,)``, their scores, and for each attribute what it adds to them."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    parts: list[NDArray[np.float32]]


def nearest(
    queries: NDArray[np.float32], gallery: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return rows and cosines ``(Q, K)`` of each query's K = min(k, G) nearest gallery vectors, best first.

    ``queries`` ``(Q, D)`` and ``gallery`` ``(G, D)`` hold unit vectors. Scores are those of `largest_sums`,
    clipped to -1 and 1 after ranking: vectors whose length is a rounding error off would exceed them.
    """
    best = largest_sums([queries], [open_vectors("float32", gallery)], k)
    return best.rows, best.scores.clip(-1, 1)


def largest_sums(
    queries: Sequence[NDArray[np.float32]],
    galleries: Sequence[Vectors],
    k: int,
    candidates: NDArray[np.bool_] | None = None,
    order: NDArray[np.int64] | None = None,
) -> Best:
    """Return rows and scores ``(Q, K)`` of the items with the K largest sums of inner products, best first.

    A score is summed in float64 over all attributes and rounded to float32. Equal scores keep the gallery's order. A
    matrix product alone cannot promise that: the last bit of its sums depends on where in the matrix a vector lies,
    so copies of one photo would change places.

    Args:
        queries: for each attribute, one or more, ``(Q, D_a)``; vectors of any length.
        galleries: for each attribute G vectors, of unit length or zero.
        k: K is at most this.
        candidates: which items may be answers, ``(G,)``; ``None`` for all.
        order: what decides between equal scores, ``(G,)``; ``None`` for the rows' own order.
    """
    total, size = len(queries[0]), len(galleries[0])
    allowed = size if candidates is None else int(np.count_nonzero(candidates))
    count = min(k, allowed)
    best = Best.none_yet(total, count, len(queries))
    if not count:
        return best
    if candidates is not None and allowed <= max(FEW, count):
        rows = np.flatnonzero(candidates)
        for position in range(total):
            best.put(position, _rank([part[position] for part in queries], galleries, rows, count, order))
        return best
    margin = rounding_margin(sum(part.shape[1] for part in queries) + len(queries) - 1)
    step = max(1, SCORE_BYTES // (4 * size))
    for some in slices(total, step):
        rough, off = _rough_scores([part[some] for part in queries], galleries)  # (step, G), (step,)
        if candidates is not None:
            np.copyto(rough, np.float32(-np.inf), where=~candidates)
        for position, query_scores in enumerate(rough, some.start):
            query = [part[position] for part in queries]
            length = sum(math.sqrt(part @ part) for part in query)
            close = _close(query_scores, count, margin * length + 2 * float(off[position - some.start]))
            best.put(position, _rank(query, galleries, close, count, order))
    return best


def _rough_scores(
    queries: Sequence[NDArray[np.float32]], galleries: Sequence[Vectors]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return all rows' scores ``(Q, G)`` in float32, and how far each query's are off beside rounding."""
    scores, first = galleries[0].rough_scores(queries[0])
    off = np.zeros(len(scores)) if first is None else first
    for part, vectors in zip(queries[1:], galleries[1:], strict=True):
        more, further = vectors.rough_scores(part)
        scores += more
        off = off if further is None else off + further
    return scores, off


def rank_lists(
    queries: NDArray[np.float32], gallery: NDArray[np.float32], lists: Sequence[Sequence[int]], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return rows and cosines ``(Q, count)`` of the best of each query's own list of gallery rows, best first.

    Scores are those of ``nearest``; equal scores keep the list's order. Each list holds at least ``count`` rows.
    """
    vectors = open_vectors("float32", gallery)
    rows, scores = np.empty((len(lists), count), np.int64), np.empty((len(lists), count), np.float32)
    for position, (query, given) in enumerate(zip(queries, lists, strict=True)):
        best = _rank([query], [vectors], np.array(given, np.int64), count)
        rows[position], scores[position] = best.rows, best.scores
    return rows, scores.clip(-1, 1)


def _rank(
    query: Sequence[NDArray[np.float32]],
    galleries: Sequence[Vectors],
    rows: NDArray[np.int64],
    count: int,
    order: NDArray[np.int64] | None = None,
) -> Ranked:
    """Rank these rows by one query, ``(D_a,)`` for each gallery, and keep K; ties keep the order."""
    terms = _exact_terms(query, galleries, rows)
    exact = reduce(np.add, terms).astype(np.float32)
    ranked = np.argsort(-exact, kind="stable") if order is None else np.lexsort((order[rows], -exact))
    best = ranked[:count]
    return Ranked(rows[best], exact[best], [term[best].astype(np.float32) for term in terms])


def _close(rough: NDArray[np.float32], count: int, margin: float) -> NDArray[np.int64]:
    """Return the rows whose rough score is not certainly below the K-th."""
    return np.flatnonzero(rough >= _at_most_the_kth(rough, count) - margin)


def _at_most_the_kth(rough: NDArray[np.float32], count: int) -> np.float32:
    """Return a score that at least K rows reach, and few more.

    The K-th of the largest scores of many groups is one: K rows reach it, each the best of its group. It is found in
    one pass, where numpy's partition takes many for some orders of scores. A group takes rows that lie far from each
    other, since neighbours are often alike.
    """
    groups = len(rough) // GROUP_ROWS
    if groups >= LEAST_GROUPS * count:
        best = rough[: groups * GROUP_ROWS].reshape(GROUP_ROWS, groups).max(axis=0)
        bound: np.float32 = np.partition(best, groups - count)[groups - count]
        if bound > -np.inf:  # else there are fewer groups with a candidate
            return bound
    kth: np.float32 = np.partition(rough, len(rough) - count)[len(rough) - count]
    return kth


def rounding_margin(dimension: int) -> float:
    """Return how far below the K-th rough score an item may lie and still belong to the best K, for unit vectors.

    A float32 dot product of unit vectors, in whatever order it is summed, is off by at most D units of rounding
    (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1). The item's and the K-th may both be off, and
    results are rounded. Products with a query of another length are off by as much times that length.
    """
    return 2 * (dimension + 2) * FLOAT32_UNIT * LENGTH_SLACK


def _exact_terms(
    query: Sequence[NDArray[np.float32]], galleries: Sequence[Vectors], rows: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """Return for each attribute what it adds to these rows' scores, each summed on its own in one fixed order."""
    terms = [np.empty(len(rows)) for _ in query]
    step = max(1, BLOCK_BYTES // (8 * sum(len(part) for part in query)))
    for part in slices(len(rows), step):
        for term, weights, vectors in zip(terms, query, galleries, strict=True):
            term[part] = (vectors.rows(rows[part]).astype(np.float64) * weights.astype(np.float64)).sum(axis=1)
    return terms
