"""Retrieval metrics on rankings: average precision, its expectation for a random ranking, and recall at k.

Source: the metric of the ASEN programs (Ma et al., AAAI 2020; arXiv:2002.02814, section 4.1).
"""

import numpy as np
from numpy.typing import NDArray


def rank(scores: NDArray[np.float32], relevant: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return ``relevant`` ``(Q, G)`` reordered by falling score ``(Q, G)``.

    Unlike the ASEN script, ties keep candidate order, so the result is deterministic.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.take_along_axis(relevant, order, axis=1)


def average_precision(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return each query's average precision, ``(Q,)``, from its ranked candidates' relevance ``(Q, G)``.

    The mean, over the relevant candidates, of the precision at their rank; 0.0 when nothing is relevant.
    """
    precision = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    result: NDArray[np.float64] = (precision * hits).sum(axis=1) / np.maximum(hits.sum(axis=1), 1)
    return result


def recall_at(hits: NDArray[np.bool_], k: int) -> NDArray[np.float64]:
    """Return, per query, 1.0 if any of the ``k`` first of its ranked candidates ``(Q, G)`` is relevant, else 0.0.

    This is Recall@k as deep metric learning reports it (Song et al., CVPR 2016), not the share of relevant items.
    """
    any_relevant: NDArray[np.bool_] = hits[:, :k].any(axis=1)  # type: ignore[assignment]
    return any_relevant.astype(np.float64)


def random_average_precision(relevant: int, candidates: int) -> float:
    """Return the expected average precision of a random ranking: ``(H + (R-1)/(N-1) (N-H)) / N``.

    H is the N-th harmonic number; R ``relevant`` among N ``candidates``. 0.0 when nothing is relevant.
    """
    if relevant == 0:
        return 0.0
    if candidates == 1:
        return 1.0
    harmonic = float(np.sum(1.0 / np.arange(1, candidates + 1)))
    return (harmonic + (relevant - 1) / (candidates - 1) * (candidates - harmonic)) / candidates
