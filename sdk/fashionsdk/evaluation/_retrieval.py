"""Evaluates retrieval by the papers' protocol: MAP and recall per attribute and over all queries. Memory is bounded."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.evaluation._metrics import average_precision, random_average_precision, rank, recall_at
from fashionsdk.evaluation._own_product import OwnProduct, own_product
from fashionsdk.evaluation._scores import AttributeScore, Scores
from fashionsdk.evaluation._scratch_vectors import Batch, ScratchVectors, scratch_vectors
from fashionsdk.labels import RetrievalSplit
from fashionsdk.values import ValueSpace

Question: TypeAlias = Callable[[NDArray[np.float32]], NDArray[np.float32]]  # from photos' vectors to what they ask with

RECALL_AT = (1, 10)
SCORES_IN_MEMORY = 2**22  # floats in one block of scores; a single query's row may exceed it
ROWS_IN_MEMORY = 8192  # candidate embeddings in memory at a time


@dataclass(frozen=True)
class Score(AttributeScore):
    """Retrieval by one attribute, or by all; ``map``, ``random_map`` and ``recall`` in percent."""

    queries: int
    candidates: int
    map: float
    random_map: float
    recall: dict[str, float]

    def columns(self) -> dict[str, float]:
        """Return the table's columns: name -> a count (int) or percent (float)."""
        counts = {"queries": self.queries, "candidates": self.candidates}
        return {**counts, "random": self.random_map, "MAP": self.map, **self.recall}


@dataclass(frozen=True, eq=False)
class QueryPrecisions:
    """How one attribute's queries were answered, one by one.

    Attributes:
        attribute: its name.
        queries: int32 ``(Q, 3)``: image, attribute and value indices, as in the split, which they are rows of.
        precisions: float64 ``(Q,)``, each query's average precision, 0 to 1.
    """

    attribute: str
    queries: NDArray[np.int32]
    precisions: NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation(Scores[Score]):
    """MAP and recall per attribute, and averaged over all queries.

    Attributes:
        attributes: a score per attribute, in the split's order; attributes without queries are left out.
        overall: the mean over all queries of all attributes ("MAP" of the papers) but those of ``one_valued``.
        without_embedding: photos of the split that have no embedding; their rows are left out.
        one_valued: attributes with one value among queries and candidates. Every ranking of them is right, so they are
            not part of the mean.
        each_query: what the attributes' scores are means of, in the same order, for `paired_bootstrap`. Neither
            `to_json` nor a comparison includes it.
    """

    without_embedding: int
    one_valued: tuple[str, ...] = ()
    each_query: tuple[QueryPrecisions, ...] = field(default=(), compare=False, repr=False)

    @property
    def maps(self) -> dict[str, float]:
        """MAP in percent by attribute."""
        return {score.attribute: score.map for score in self.attributes}

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values: the means, not each query's."""
        values = asdict(replace(self, each_query=()))
        del values["each_query"]
        return values

    def table(self) -> str:
        """Return the scores as a text table, and a line about attributes that are not part of the mean."""
        if not self.one_valued:
            return super().table()
        names = ", ".join(self.one_valued)
        return f"{super().table()}\nnot part of the mean, for all photos have the same value: {names}"


def evaluate(
    split: RetrievalSplit, batches: Iterable[Batch], attributes: Sequence[str], values: ValueSpace | None = None
) -> Evaluation:
    """Rank each query's candidates by inner product and score the rankings.

    Candidates of the query's own product are left out of its ranking, where the split says which photos show one.

    Embeddings go to a temporary file as they come, and scores are computed in blocks. Memory grows with the gallery by
    one row of scores only.

    Args:
        split: the queries and candidates.
        batches: pairs of image indices ``(B,)`` into ``split.images`` and their embeddings ``(B, A, D)``. Rows of
            images without an embedding are left out and counted.
        attributes: the names of the embeddings' A attributes.
        values: the values that the embeddings tell apart, if queries ask as those of a search do, see
            `ValueSpace.question`; ``None`` to compare the embeddings as they are.

    Raises:
        ValueError: the split asks for an attribute that is not among ``attributes``, no query is left, or no attribute
            has two values.
    """
    check_attributes(split, attributes)
    with scratch_vectors(batches, len(split.images)) as vectors:
        return score(split, vectors, attributes, values)


def check_attributes(split: RetrievalSplit, attributes: Sequence[str]) -> None:
    """Check, before any photo is embedded, that the model knows the attributes of the split's queries.

    Raises:
        ValueError: a query's attribute is not among ``attributes``, the model's.
    """
    check_known({split.attributes[a].name for a in np.unique(split.queries[:, 1])}, attributes)


def check_known(names: set[str], attributes: Sequence[str]) -> None:
    """Check that ``names`` are among ``attributes``, the model's.

    Raises:
        ValueError: one is not.
    """
    if unknown := sorted(names - set(attributes)):
        raise ValueError(
            f"the model does not know {', '.join(unknown)}; it knows {', '.join(attributes)}: leave the others out "
            "with --attribute NAME, once for each attribute to use"
        )


def score(
    split: RetrievalSplit, vectors: ScratchVectors, attributes: Sequence[str], values: ValueSpace | None = None
) -> Evaluation:
    """Score embeddings that are on disk already, as `evaluate` does.

    Raises:
        ValueError: the split asks for an attribute that is not among ``attributes``, no query is left, or no attribute
            has two values.
    """
    check_attributes(split, attributes)
    present = vectors.present
    absent, compared = int((~present).sum()), int(present[split.candidates[:, 0]].sum())
    scores, metrics, alike, each_query = [], [], [], []
    for a, attribute in enumerate(split.attributes):
        queries, candidates = (_present(rows, a, present) for rows in (split.queries, split.candidates))
        if not len(queries):
            continue
        ask = None if values is None else partial(values.question, attribute=attribute.name)
        ranking = Ranking(vectors, attributes.index(attribute.name), candidates, ask, own_product(split))
        each = ranking.measure(queries)
        scores.append(_mean(attribute.name, len(candidates), each))
        each_query.append(QueryPrecisions(attribute.name, queries, each[:, 0].copy()))
        if _has_one_value(queries, candidates):
            alike.append(attribute.name)
            compared -= len(candidates)
        else:
            metrics.append(each)
    if not scores:
        raise ValueError(f"no query is left to evaluate: {absent} of {len(present)} photos have no embedding")
    if not metrics:
        raise ValueError(f"all photos have the same value of {', '.join(alike)}; expected two values to tell apart")
    overall = _mean("mean over queries", compared, np.concatenate(metrics))
    return Evaluation(tuple(scores), overall, absent, tuple(alike), tuple(each_query))


def _has_one_value(queries: NDArray[np.int32], candidates: NDArray[np.int32]) -> bool:
    """Tell whether an attribute's queries and candidates, rows ``(_, 3)``, all have the same value."""
    return len(np.unique(np.concatenate([queries[:, 2], candidates[:, 2]]))) < 2


def one_valued(split: RetrievalSplit) -> list[str]:
    """Return the names of the attributes that have queries, and one value among these and their candidates."""
    names = []
    for a, attribute in enumerate(split.attributes):
        queries, candidates = (rows[rows[:, 1] == a] for rows in (split.queries, split.candidates))
        if len(queries) and _has_one_value(queries, candidates):
            names.append(attribute.name)
    return names


def _present(rows: NDArray[np.int32], attribute: int, present: NDArray[np.bool_]) -> NDArray[np.int32]:
    of_attribute: NDArray[np.int32] = rows[(rows[:, 1] == attribute) & present[rows[:, 0]]]
    return of_attribute


@dataclass(frozen=True, eq=False)
class Ranking:
    """Ranks one attribute's candidates for its queries.

    Attributes:
        vectors: embeddings of all photos.
        attribute: the attribute's place among those of the embeddings.
        candidates: int32 ``(G, 3)``, as in the split.
        ask: from photos' vectors to what they ask with; None to ask with them as they are.
        own: tells which candidates show a query's own product; None if no photo's product is known.
    """

    vectors: ScratchVectors
    attribute: int
    candidates: NDArray[np.int32]
    ask: Question | None
    own: OwnProduct | None

    def measure(self, queries: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return per query: average precision, its random expectation, recall at each of ``RECALL_AT``.

        The shape is ``(Q, 2 + R)``.
        """
        step = max(1, SCORES_IN_MEMORY // max(1, len(self.candidates)))
        return np.concatenate([self._measure_block(queries[part]) for part in slices(len(queries), step)])

    def _measure_block(self, queries: NDArray[np.int32]) -> NDArray[np.float64]:
        relevant = queries[:, 2:] == self.candidates[None, :, 2]  # (q, G)
        scores, count = self.scores(queries), np.full(len(queries), len(self.candidates))
        if self.own is not None:
            own = self.own(queries[:, 0], self.candidates[:, 0])  # (q, G)
            relevant, count = relevant & ~own, count - own.sum(axis=1)
            scores[own] = -np.inf  # at the end, where they are no hits, they change no figure
        hits = rank(scores, relevant)
        chance = cache(random_average_precision)
        pairs = zip(relevant.sum(axis=1).tolist(), count.tolist(), strict=True)
        columns = [average_precision(hits), np.array([chance(right, among) for right, among in pairs])]
        columns += [recall_at(hits, k) for k in RECALL_AT]
        return np.stack(columns, axis=1)

    def scores(self, queries: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the inner products of queries, rows ``(Q, 3)`` as in the split, and the candidates: ``(Q, G)``."""
        query = self.vectors.rows(self.attribute, queries[:, 0])  # (q, D)
        query = query if self.ask is None else self.ask(query)
        scores = np.empty((len(queries), len(self.candidates)), np.float32)
        for part in slices(len(self.candidates), ROWS_IN_MEMORY):
            scores[:, part] = query @ self.vectors.rows(self.attribute, self.candidates[part, 0]).T
        return scores


def _mean(name: str, candidates: int, metrics: NDArray[np.float64]) -> Score:
    mean = [round(float(value), 4) for value in metrics.mean(axis=0) * 100]
    recall = {f"R@{k}": value for k, value in zip(RECALL_AT, mean[2:], strict=True)}
    return Score(name, len(metrics), candidates, mean[0], mean[1], recall)
