"""Judge embeddings by the papers' protocol: MAP and recall per attribute and over all queries, memory bounded."""

import logging
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.evaluation._metrics import average_precision, random_average_precision, rank, recall_at
from fashionsdk.evaluation._scratch_vectors import VectorStore
from fashionsdk.labels import RetrievalSplit

RECALL_AT = (1, 10)
SCORES_IN_MEMORY = 2**22  # floats in one block of scores; a single query's row may exceed it
ROWS_IN_MEMORY = 8192  # candidate embeddings in memory at a time

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Score:
    """What a system reaches on one attribute, or on all; ``map``, ``random_map`` and ``recall`` in percent."""

    attribute: str
    queries: int
    candidates: int
    map: float
    random_map: float
    recall: dict[str, float]


@dataclass(frozen=True)
class Evaluation:
    """MAP and recall per attribute, and averaged over all queries.

    Attributes:
        attributes: a score per attribute, in the split's order; attributes without queries are left out.
        overall: the mean over all queries of all attributes ("MAP" of the papers).
        without_embedding: photos that were in the split but could not be embedded; their rows were left out.
    """

    attributes: tuple[Score, ...]
    overall: Score
    without_embedding: int

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    def table(self) -> str:
        """Return the scores as a text table, one line an attribute, the mean over queries last."""
        head = f"{'attribute':<20} {'queries':>8} {'candidates':>10} {'random':>7} {'MAP':>7}"
        head += "".join(f" {name:>7}" for name in self.overall.recall)
        return "\n".join([head, *map(_line, (*self.attributes, self.overall))])


def _line(score: Score) -> str:
    line = f"{score.attribute:<20} {score.queries:>8} {score.candidates:>10} {score.random_map:>7.2f} {score.map:>7.2f}"
    return line + "".join(f" {value:>7.2f}" for value in score.recall.values())


Batch = tuple[NDArray[np.integer[Any]], NDArray[np.float32]]


def evaluate(split: RetrievalSplit, batches: Iterable[Batch], attributes: Sequence[str]) -> Evaluation:
    """Rank each query's candidates by inner product and score the rankings.

    Embeddings go to a temporary file as they come, and scores are made in blocks, so memory does not grow with the
    gallery beyond one row of scores.

    Args:
        split: the queries and candidates.
        batches: pairs of image indices ``(B,)`` into ``split.images`` and their embeddings ``(B, A, D)``.
            An image that never comes could not be read: its rows are left out and counted.
        attributes: the names of the A attributes of the embeddings.

    Raises:
        ValueError: the split asks for an attribute that is not among ``attributes``, or no query is left.
    """
    check_attributes(split, attributes)
    with tempfile.TemporaryDirectory(prefix="fashionsdk-") as folder:
        store = VectorStore(Path(folder) / "embeddings", len(split.images))
        for indices, vectors in batches:
            store.put(indices, vectors)
        return score(split, store, attributes)


def check_attributes(split: RetrievalSplit, attributes: Sequence[str]) -> None:
    """Refuse a split that asks for what a model does not know, best before any photo is embedded.

    Raises:
        ValueError: it does.
    """
    check_known({split.attributes[a].name for a in np.unique(split.queries[:, 1])}, attributes)


def check_known(asked: set[str], attributes: Sequence[str]) -> None:
    """Refuse names of attributes that are not among ``attributes``, the model's.

    Raises:
        ValueError: one is not.
    """
    if unknown := sorted(asked - set(attributes)):
        raise ValueError(
            f"the model does not know {', '.join(unknown)}; it knows {', '.join(attributes)}: leave the others out "
            "with --attribute NAME, once for each attribute to keep"
        )


def score(split: RetrievalSplit, store: VectorStore, attributes: Sequence[str]) -> Evaluation:
    """Score embeddings that are stored already; see ``evaluate``.

    Raises:
        ValueError: the split asks for an attribute that is not among ``attributes``, or no query is left.
    """
    check_attributes(split, attributes)
    absent = int((~store.present).sum())
    if absent:
        logger.warning("%d of %d photos have no embedding and are left out", absent, len(store.present))
    scores, values = [], []
    for a, attribute in enumerate(split.attributes):
        queries = _present(split.queries, a, store.present)
        candidates = _present(split.candidates, a, store.present)
        if len(queries):
            metrics = _rank_attribute(store, attributes.index(attribute.name), queries, candidates)
            scores.append(_mean(attribute.name, len(candidates), metrics))
            values.append(metrics)
    if not values:
        raise ValueError(f"no query is left to evaluate: {absent} of {len(store.present)} photos have no embedding")
    overall = _mean("mean over queries", int(store.present[split.candidates[:, 0]].sum()), np.concatenate(values))
    return Evaluation(tuple(scores), overall, absent)


def _present(rows: NDArray[np.int32], attribute: int, present: NDArray[np.bool_]) -> NDArray[np.int32]:
    kept: NDArray[np.int32] = rows[(rows[:, 1] == attribute) & present[rows[:, 0]]]
    return kept


def _rank_attribute(
    store: VectorStore, attribute: int, queries: NDArray[np.int32], candidates: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return per query: average precision, its random expectation, recall at each of ``RECALL_AT``: ``(Q, 2 + R)``."""
    step = max(1, SCORES_IN_MEMORY // max(1, len(candidates)))
    blocks = [
        _rank_block(store, attribute, queries[start : start + step], candidates)
        for start in range(0, len(queries), step)
    ]
    return np.concatenate(blocks)


def _rank_block(
    store: VectorStore, attribute: int, queries: NDArray[np.int32], candidates: NDArray[np.int32]
) -> NDArray[np.float64]:
    query = store.rows(attribute, queries[:, 0])  # (q, D)
    scores = np.empty((len(queries), len(candidates)), np.float32)
    for start in range(0, len(candidates), ROWS_IN_MEMORY):
        rows = candidates[start : start + ROWS_IN_MEMORY, 0]
        scores[:, start : start + len(rows)] = query @ store.rows(attribute, rows).T
    relevant = queries[:, 2:] == candidates[None, :, 2]  # (q, G)
    hits = rank(scores, relevant)
    chance = cache(lambda count: random_average_precision(count, len(candidates)))
    columns = [average_precision(hits), np.array([chance(int(n)) for n in relevant.sum(axis=1)])]
    columns += [recall_at(hits, k) for k in RECALL_AT]
    return np.stack(columns, axis=1)


def _mean(name: str, candidates: int, metrics: NDArray[np.float64]) -> Score:
    mean = [round(float(value), 4) for value in metrics.mean(axis=0) * 100]
    recall = {f"R@{k}": value for k, value in zip(RECALL_AT, mean[2:], strict=True)}
    return Score(name, len(metrics), candidates, mean[0], mean[1], recall)
