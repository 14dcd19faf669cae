"""The K largest cosines, exactly: fast products in float32 choose the candidates, float64 sums rank them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SCORE_BYTES = 64 * 2**20  # of scores held at a time; one query's scores at least, 4 bytes an item
BLOCK_BYTES = 8 * 2**20  # of candidate vectors held in float64 at a time
FLOAT32_UNIT = 2.0**-24  # relative rounding error of one float32 operation
LENGTH_SLACK = 1.01  # lengths are 1 within 1e-3, so products exceed 1 by less than this


def nearest(
    queries: NDArray[np.float32], gallery: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return rows and scores ``(Q, K)`` of each query's K = min(k, G) nearest gallery vectors, best first.

    ``queries`` ``(Q, D)`` and ``gallery`` ``(G, D)`` hold unit vectors. A score is the dot product summed
    in float64, rounded to float32 and, after ranking, clipped to -1 and 1, which vectors whose length is a rounding
    error off would exceed; equal scores keep the gallery's order. A matrix product alone
    cannot promise that: the last bit of its sums depends on where in the matrix a vector lies, so copies
    of one photo would change places.
    """
    count = min(k, len(gallery))
    rows = np.empty((len(queries), count), np.int64)
    scores = np.empty((len(queries), count), np.float32)
    if not count:
        return rows, scores
    step = max(1, SCORE_BYTES // (4 * len(gallery)))
    for start in range(0, len(queries), step):
        rough = queries[start : start + step] @ gallery.T  # (step, D) @ (D, G) -> (step, G)
        for position, query_scores in enumerate(rough, start):
            candidates = _candidates(query_scores, count, gallery.shape[1])
            rows[position], scores[position] = _rank(queries[position], gallery, candidates, count)
    return rows, scores


def rank_lists(
    queries: NDArray[np.float32], gallery: NDArray[np.float32], lists: Sequence[Sequence[int]], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return rows and scores ``(Q, count)`` of the best of each query's own list of gallery rows, best first.

    Scores are those of ``nearest``; equal scores keep the list's order. Each list holds at least ``count`` rows.
    """
    rows = np.empty((len(lists), count), np.int64)
    scores = np.empty((len(lists), count), np.float32)
    for position, (query, given) in enumerate(zip(queries, lists, strict=True)):
        rows[position], scores[position] = _rank(query, gallery, np.array(given, np.int64), count)
    return rows, scores


def _rank(
    query: NDArray[np.float32], gallery: NDArray[np.float32], candidates: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rank these gallery rows by one query ``(D,)`` and keep K; equal scores keep the candidates' order."""
    exact = _cosines(query, gallery, candidates)
    order = np.argsort(-exact, kind="stable")[:count]
    return candidates[order], exact[order].clip(-1, 1)


def _candidates(rough: NDArray[np.float32], count: int, dimension: int) -> NDArray[np.int64]:
    """Return the rows whose rough score is not certainly below the K-th."""
    threshold = np.partition(rough, len(rough) - count)[len(rough) - count]
    return np.flatnonzero(rough >= threshold - rounding_margin(dimension))


def rounding_margin(dimension: int) -> float:
    """Return how far below the K-th rough score an item may lie and still belong to the best K.

    A float32 dot product of unit vectors, in whatever order it is summed, is off by at most D units of
    rounding (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1). The item's and the K-th may
    both be off, and results are rounded.
    """
    return 2 * (dimension + 2) * FLOAT32_UNIT * LENGTH_SLACK


def _cosines(
    query: NDArray[np.float32], gallery: NDArray[np.float32], candidates: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the candidates' scores, each summed on its own in one fixed order."""
    wide = query.astype(np.float64)
    step = max(1, BLOCK_BYTES // (8 * len(query)))
    scores = np.empty(len(candidates), np.float32)
    for start in range(0, len(candidates), step):
        block = gallery[candidates[start : start + step]].astype(np.float64)
        scores[start : start + step] = (block * wide).sum(axis=1)
    return scores
