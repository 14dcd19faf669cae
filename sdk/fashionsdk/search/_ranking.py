"""The K largest scores, exactly: fast products in float32 choose the candidates, float64 sums rank them."""

import math
from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices

SCORE_BYTES = 64 * 2**20  # of scores held at a time; one query's scores at least, 4 bytes an item
BLOCK_BYTES = 8 * 2**20  # of candidate vectors held in float64 at a time
FLOAT32_UNIT = 2.0**-24  # relative rounding error of one float32 operation
LENGTH_SLACK = 1.01  # lengths are 1 within 1e-3, so products exceed 1 by less than this


def nearest(
    queries: NDArray[np.float32], gallery: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return rows and cosines ``(Q, K)`` of each query's K = min(k, G) nearest gallery vectors, best first.

    ``queries`` ``(Q, D)`` and ``gallery`` ``(G, D)`` hold unit vectors. Scores are those of `largest_sums`,
    clipped to -1 and 1 after ranking: vectors whose length is a rounding error off would exceed them.
    """
    rows, scores = largest_sums([queries], [gallery], k)
    return rows, scores.clip(-1, 1)


def largest_sums(
    queries: Sequence[NDArray[np.float32]],
    galleries: Sequence[NDArray[np.float32]],
    k: int,
    candidates: NDArray[np.bool_] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return rows and scores ``(Q, K)`` of the items with the K largest sums of inner products, best first.

    A score is summed in float64 over all attributes and rounded to float32. Equal scores keep the gallery's order. A
    matrix product alone cannot promise that: the last bit of its sums depends on where in the matrix a vector lies,
    so copies of one photo would change places.

    Args:
        queries: for each attribute, one or more, ``(Q, D_a)``; vectors of any length.
        galleries: for each attribute ``(G, D_a)``; unit vectors or zeros.
        k: K is at most this.
        candidates: which items may be answers, ``(G,)``; ``None`` for all.
    """
    total, size = len(queries[0]), len(galleries[0])
    count = min(k, size if candidates is None else int(np.count_nonzero(candidates)))
    rows, scores = np.empty((total, count), np.int64), np.empty((total, count), np.float32)
    if not count:
        return rows, scores
    margin = rounding_margin(sum(part.shape[1] for part in queries) + len(queries) - 1)
    step = max(1, SCORE_BYTES // (4 * size))
    for some in slices(total, step):
        products = [part[some] @ items.T for part, items in zip(queries, galleries, strict=True)]
        rough = reduce(np.add, products)  # (step, G)
        if candidates is not None:
            rough[:, ~candidates] = -np.inf
        for position, query_scores in enumerate(rough, some.start):
            query = [part[position] for part in queries]
            length = sum(math.sqrt(part @ part) for part in query)
            close = _close(query_scores, count, margin * length)
            rows[position], scores[position] = _rank(query, galleries, close, count)
    return rows, scores


def rank_lists(
    queries: NDArray[np.float32], gallery: NDArray[np.float32], lists: Sequence[Sequence[int]], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return rows and cosines ``(Q, count)`` of the best of each query's own list of gallery rows, best first.

    Scores are those of ``nearest``; equal scores keep the list's order. Each list holds at least ``count`` rows.
    """
    rows, scores = np.empty((len(lists), count), np.int64), np.empty((len(lists), count), np.float32)
    for position, (query, given) in enumerate(zip(queries, lists, strict=True)):
        rows[position], scores[position] = _rank([query], [gallery], np.array(given, np.int64), count)
    return rows, scores.clip(-1, 1)


def _rank(
    query: Sequence[NDArray[np.float32]], galleries: Sequence[NDArray[np.float32]], rows: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rank these gallery rows by one query, ``(D_a,)`` for each gallery, and keep K; ties keep the rows' order."""
    exact = _exact_sums(query, galleries, rows)
    order = np.argsort(-exact, kind="stable")[:count]
    return rows[order], exact[order]


def _close(rough: NDArray[np.float32], count: int, margin: float) -> NDArray[np.int64]:
    """Return the rows whose rough score is not certainly below the K-th."""
    threshold = np.partition(rough, len(rough) - count)[len(rough) - count]
    return np.flatnonzero(rough >= threshold - margin)


def rounding_margin(dimension: int) -> float:
    """Return how far below the K-th rough score an item may lie and still belong to the best K, for unit vectors.

    A float32 dot product of unit vectors, in whatever order it is summed, is off by at most D units of rounding
    (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1). The item's and the K-th may both be off, and
    results are rounded. Products with a query of another length are off by as much times that length.
    """
    return 2 * (dimension + 2) * FLOAT32_UNIT * LENGTH_SLACK


def _exact_sums(
    query: Sequence[NDArray[np.float32]], galleries: Sequence[NDArray[np.float32]], rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return these rows' scores, each summed on its own in one fixed order."""
    pairs = [(part.astype(np.float64), gallery) for part, gallery in zip(query, galleries, strict=True)]
    step = max(1, BLOCK_BYTES // (8 * sum(len(part) for part in query)))
    scores = np.empty(len(rows), np.float32)
    for part in slices(len(rows), step):
        block = rows[part]
        scores[part] = reduce(
            np.add, [(gallery[block].astype(np.float64) * part).sum(axis=1) for part, gallery in pairs]
        )
    return scores
