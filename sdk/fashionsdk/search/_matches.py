"""A matcher's answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from reprlib import repr as short

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings
from fashionsdk.search.stores import JSON

SHOWN = 3  # matches in a repr


@dataclass(frozen=True)
class Match:
    """One answer.

    Attributes:
        key: the item's key.
        score: the sum over the attributes of weight times cosine.
        scores: attribute -> cosine; ``None`` where the item lacks the attribute. Where several examples ask for one,
            or with a negative weight, the weighted sum of the cosines over the sum of the weights' sizes.
        metadata: a JSON object.
    """

    key: str
    score: float
    scores: Mapping[str, float | None]
    metadata: Mapping[str, JSON]


@dataclass(frozen=True, eq=False)
class Matches:
    """The K best items for each of Q queries, best first.

    Equal scores keep the gallery's order in a search, and the given list's order in a re-ranking. ``matches[0]`` are
    the first query's, as a list of `Match`.

    Attributes:
        attribute: the attribute that was compared; of several the names, with commas.
        keys: Q lists of K keys. With a floor of the score, groups or items left out a list may be shorter.
        scores: cosine similarities, float32 ``(Q, K)``, -1 to 1, or weighted sums of them. The ends of shorter lists
            are NaN.
        metadata: Q lists of K JSON objects, ``{}`` for an item added without.
        by_attribute: attribute -> its cosines, float32 ``(Q, K)``; see `Match.scores`. NaN where an item lacks it.
        weights: attribute -> what its cosines are multiplied with before they add up to scores: the sum of the sizes
            of the weights that it was asked for with.
    """

    attribute: str
    keys: list[list[str]]
    scores: NDArray[np.float32]
    metadata: list[list[Mapping[str, JSON]]]
    by_attribute: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        queries, count = self.scores.shape
        head = f"Matches({self.attribute!r}, {queries} {'query' if queries == 1 else 'queries'}, {count} each"
        best = zip(self.keys[0][:SHOWN], self.scores[0], strict=False) if queries else ()
        shown = [f"{key!r} {score:.4f}" for key, score in best]
        more = ["..."] if queries * count > len(shown) else []
        return f"{head}: {', '.join([*shown, *more])})" if shown else f"{head})"

    def __len__(self) -> int:
        """Return Q, the number of queries."""
        return len(self.keys)

    def __getitem__(self, query: int) -> list[Match]:
        """Return one query's answers, best first."""
        return list(self._of(query))

    def __iter__(self) -> Iterator[list[Match]]:
        """Yield each query's answers."""
        return (self[query] for query in range(len(self)))

    def _of(self, query: int) -> Iterator[Match]:
        parts = {name: values[query].tolist() for name, values in self.by_attribute.items()}
        rows = zip(self.keys[query], self.scores[query].tolist(), self.metadata[query], strict=False)
        for place, (key, score, metadata) in enumerate(rows):
            scores = {name: _or_none(values[place]) for name, values in parts.items()}
            yield Match(key, score, scores, metadata)


def _or_none(score: float) -> float | None:
    return None if score != score else score  # NaN


@dataclass(frozen=True, eq=False)
class Item:
    """One stored item: its key, its embeddings (N = 1), its metadata, and the attributes that it lacks.

    The embeddings of an attribute that it lacks are zeros.
    """

    key: str
    embeddings: Embeddings
    metadata: Mapping[str, JSON]
    lacks: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"Item({self.key!r}, {self.embeddings!r}, {short(dict(self.metadata))})"
