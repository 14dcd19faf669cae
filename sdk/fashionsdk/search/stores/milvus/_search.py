"""The best items of a view: the server's rough scores choose the candidates, which are summed again exactly.

A vector of a row is all the item's vectors one after the other, zeros where it lacks one. So its inner product with a
query that is put together likewise is the sum that is asked for, but for the rounding of float32.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.search.query import Condition, Require, holds
from fashionsdk.search.scan import Best, encoded, largest_sums, merged_best, open_vectors
from fashionsdk.search.stores._packing import present_rows
from fashionsdk.search.stores._store import Answers
from fashionsdk.search.stores.milvus._conditions import expression, joined_by
from fashionsdk.search.stores.milvus._rows import Stored, joined
from fashionsdk.search.stores.milvus._view import Hit, View

MOST_HITS = 16_384  # of a query, which servers return at most
MORE = 32  # hits beside K that are asked for, of which ties and roundings need some
QUERIES_AT_ONCE = 32
ROUNDING = 2.0**-23  # of a product and its sum in float32, for each number, relative to the query's length
LEAST_EF, EF_TIMES = 1024, 2  # how far searches in an HNSW graph look: most of a joined vector is zeros in a query
Queries = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Asked:
    """What a search asks for.

    Attributes:
        k: how many items.
        filter: an expression for the candidates.
        approximate: whether candidates come from an HNSW graph, which finds most of them.
        where: a condition that no expression says, so that it is looked at here, row by row.
    """

    k: int
    filter: str
    approximate: bool
    where: Condition | None = None

    @classmethod
    def of(
        cls, view: View, names: Iterable[str], k: int, where: Condition | None, require: Require, approximate: bool
    ) -> "Asked":
        """Return what is asked of a view, by queries with these attributes."""
        columns = list(view.contract.dimensions)
        word = "or" if require == "any" else "and"
        present = joined_by(word, [f"has{columns.index(name)} == true" for name in names])
        if where is None:
            return cls(k, present, approximate)
        met = expression(where)
        return cls(k, present if met is None else f"({present} and {met})", approximate, where if met is None else None)


def searched(view: View, queries: Queries, asked: Asked) -> Answers:
    """Return the best items of a view for each of Q queries.

    Raises:
        GalleryError: the server cannot be reached, or rows of the view were purged.
    """
    count = len(next(iter(queries.values())))
    found = [
        _best(view, {name: rows[some] for name, rows in queries.items()}, asked)
        for some in slices(count, QUERIES_AT_ONCE)
    ]
    keys = [answer for best in found for answer in best.keys]
    shape = count, len(keys[0]) if keys else 0
    return Answers(
        keys,
        np.array([row for best in found for row in best.scores], np.float32).reshape(shape),
        [answer for best in found for answer in best.metadata],
        {
            name: np.array([row for best in found for row in best.parts[name]], np.float32).reshape(shape)
            for name in queries
        },
    )


def _best(view: View, queries: Queries, asked: Asked) -> Answers:
    ids = _candidates(view, queries, asked)
    return _ranked(view, queries, asked, view.pages(asked.filter) if ids is None else view.by_ids(ids))


def _candidates(view: View, queries: Queries, asked: Asked) -> list[int] | None:
    """Return the ids of the rows that may be among the best; ``None`` if the server cannot tell."""
    vectors = joined(view.contract, queries)
    margins = _margins(queries)
    found: set[int] = set()
    pending, limit = list(range(len(vectors))), min(asked.k + MORE, MOST_HITS)
    if asked.k > MOST_HITS or asked.where is not None:
        return None
    while pending:
        parameters = {"ef": max(LEAST_EF, EF_TIMES * limit)} if asked.approximate else {}
        hits = view.search(vectors[pending], limit, asked.filter, parameters)
        left = []
        for position, some in zip(pending, hits, strict=True):
            close = _close(some, asked.k, margins[position])
            if len(close) == limit and not asked.approximate:
                left.append(position)  # rows beyond the last one may be as close
            found.update(close)
        if asked.approximate and any(len(some) < asked.k for some in hits):
            return None if view.count(asked.filter) > min(map(len, hits)) else sorted(found)
        if left and limit == MOST_HITS:
            return None
        pending, limit = left, min(8 * limit, MOST_HITS)
    return sorted(found)


def _close(hits: Sequence[Hit], k: int, margin: float) -> list[int]:
    """Return the ids of hits, which come best first, that are not certainly below the K-th."""
    if len(hits) < k:
        return [number for number, _ in hits]
    bound = hits[k - 1][1] - margin
    return [number for number, score in hits if score >= bound]


def _margins(queries: Queries) -> NDArray[np.float64]:
    """Return how far the difference of two rough scores may be off, for each query ``(Q,)``."""
    lengths = sum(np.linalg.norm(rows.astype(np.float64), axis=1) for rows in queries.values())
    numbers = sum(rows.shape[1] for rows in queries.values())
    return np.asarray(2 * ROUNDING * (numbers + 2) * lengths)


def _ranked(view: View, queries: Queries, asked: Asked, batches: Iterator[Stored]) -> Answers:
    """Return the best of rows, summed exactly; NaN for what an item lacks. Only the best so far are kept."""
    count = len(next(iter(queries.values())))
    best, places = Best.none_yet(count, 0, len(queries)), np.empty((count, 0), np.int64)
    texts: dict[int, tuple[str, str]] = {}
    for rows in batches:
        more = _batch_best(view, queries, asked, rows)
        best, places = merged_best([best, more], [places, rows.places[more.rows]], asked.k)
        texts |= dict(zip(rows.places.tolist(), zip(rows.keys, rows.metadata, strict=True), strict=True))
        texts = {place: texts[place] for place in np.unique(places).tolist()}
    return Answers(
        keys=[[texts[place][0] for place in row] for row in places.tolist()],
        scores=best.scores,
        metadata=[[json.loads(texts[place][1]) for place in row] for row in places.tolist()],
        parts=dict(zip(queries, best.parts, strict=True)),
    )


def _batch_best(view: View, queries: Queries, asked: Asked, rows: Stored) -> Best:
    codec = view.contract.codec
    galleries = [open_vectors(codec, encoded(codec, rows.vectors[name])) for name in queries]
    best = largest_sums(list(queries.values()), galleries, asked.k, _meeting(asked.where, rows))
    for name, part in zip(queries, best.parts, strict=True):
        part[~present_rows(rows.vectors[name])[best.rows]] = np.nan
    return best


def _meeting(where: Condition | None, rows: Stored) -> NDArray[np.bool_] | None:
    return None if where is None else np.array([holds(where, json.loads(text)) for text in rows.metadata], np.bool_)
