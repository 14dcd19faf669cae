"""Items that are scanned together: their vectors by attribute, and their metadata by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search.query import Condition, Require
from fashionsdk.search.scan._metadata_columns import Columns
from fashionsdk.search.scan._ranking import Best, largest_sums
from fashionsdk.search.scan._vectors import Vectors


@dataclass(frozen=True, eq=False)
class Rows:
    """G items in order.

    Attributes:
        count: G.
        vectors: attribute -> G vectors.
        present: attribute -> which items have it, ``(G,)``; ``None`` where all have.
        columns: the metadata.
        stale: rows that are no answers, since they were removed or are newer elsewhere.
        order: what decides between equal scores, ``(G,)``; ``None`` for the rows' own order.
    """

    count: int
    vectors: Mapping[str, Vectors]
    present: Mapping[str, NDArray[np.bool_] | None]
    columns: Columns
    stale: NDArray[np.int64] | None = None
    order: NDArray[np.int64] | None = None

    def best(
        self, queries: Mapping[str, NDArray[np.float32]], k: int, where: Condition | None, require: Require
    ) -> Best:
        """Return the best rows for each query; see `fashionsdk.search.stores.Store.search`."""
        best = largest_sums(
            list(queries.values()),
            [self.vectors[name] for name in queries],
            k,
            self._candidates(list(queries), where, require),
            self.order,
        )
        for name, part in zip(queries, best.parts, strict=True):
            if (present := self.present[name]) is not None:
                part[~present[best.rows]] = np.nan
        return best

    def _candidates(self, names: Sequence[str], where: Condition | None, require: Require) -> NDArray[np.bool_] | None:
        """Return which rows may be answers; ``None`` for all."""
        masks = [present for name in names if (present := self.present[name]) is not None]
        chosen: list[NDArray[np.bool_]] = []
        if require == "all":
            chosen = masks
        elif len(masks) == len(names):
            chosen = [reduce(np.logical_or, masks)]
        if where is not None:
            chosen = [*chosen, self.columns.matching(where)]
        if self.stale is None or not len(self.stale):
            return reduce(np.logical_and, chosen) if chosen else None
        candidates = np.ones(self.count, np.bool_) if not chosen else reduce(np.logical_and, chosen).copy()
        candidates[self.stale] = False
        return candidates


def merged_best(bests: Sequence[Best], places: Sequence[NDArray[np.int64]], k: int) -> tuple[Best, NDArray[np.int64]]:
    """Merge the best rows of several `Rows`, whose items are ordered by their places.

    Args:
        bests: of each, for the same queries.
        places: the places of the answers of each, ``(Q, K_i)``.
        k: how many to keep.

    Returns:
        The best; a row counts through all answers of its query, in the order of ``bests``. And their places.
    """
    scores = np.concatenate([best.scores for best in bests], axis=1)
    order = np.concatenate(places, axis=1)
    parts = [np.concatenate(part, axis=1) for part in zip(*(best.parts for best in bests), strict=True)]
    rows = np.lexsort((order, -scores), axis=1)[:, :k]
    kept = Best(rows, np.take_along_axis(scores, rows, 1), [np.take_along_axis(part, rows, 1) for part in parts])
    return kept, np.take_along_axis(order, rows, 1)
