"""A matcher's answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from reprlib import repr as short

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings
from fashionsdk.search.stores import JSON

SHOWN = 3  # matches in a repr


@dataclass(frozen=True, eq=False)
class Matches:
    """The K best items for each of Q queries, best first.

    Equal scores keep the gallery's order in a search, and the given list's order in a re-ranking.

    Attributes:
        attribute: the attribute that was compared.
        keys: Q lists of K keys.
        scores: cosine similarities, float32 ``(Q, K)``, -1 to 1.
        metadata: Q lists of K JSON objects, ``{}`` for an item added without.
    """

    attribute: str
    keys: list[list[str]]
    scores: NDArray[np.float32]
    metadata: list[list[Mapping[str, JSON]]]

    def __repr__(self) -> str:
        queries, count = self.scores.shape
        head = f"Matches({self.attribute!r}, {queries} {'query' if queries == 1 else 'queries'}, {count} each"
        best = zip(self.keys[0][:SHOWN], self.scores[0], strict=False) if queries else ()
        shown = [f"{key!r} {score:.4f}" for key, score in best]
        more = ["..."] if queries * count > len(shown) else []
        return f"{head}: {', '.join([*shown, *more])})" if shown else f"{head})"


@dataclass(frozen=True, eq=False)
class Item:
    """One stored item: its key, its embeddings (N = 1) and its metadata."""

    key: str
    embeddings: Embeddings
    metadata: Mapping[str, JSON]

    def __repr__(self) -> str:
        return f"Item({self.key!r}, {self.embeddings!r}, {short(dict(self.metadata))})"
