"""A matcher's answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings
from fashionsdk.search.stores import JSON


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


@dataclass(frozen=True, eq=False)
class Item:
    """One stored item: its key, its embeddings (N = 1) and its metadata."""

    key: str
    embeddings: Embeddings
    metadata: Mapping[str, JSON]
