"""MAP of each attribute in the standard gallery, and how much each photo moves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fashionsdk.bundle import ValueQuality
from fashionsdk.evaluation._own_product import own_product
from fashionsdk.evaluation._retrieval import Ranking
from fashionsdk.evaluation._scratch_vectors import ScratchVectors
from fashionsdk.evaluation.drift._standard_gallery import STANDARD_GALLERY, StandardRanking
from fashionsdk.labels import RetrievalSplit
from fashionsdk.values import ValueSpace

MOST_PHOTOS = 1500  # of an attribute; of more, a random sample is measured
LEAST_OF_VALUE = 3  # photos: one asks, another is ranked, a third lies above it or not
Rows = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class EmbeddedSplit:
    """Labelled photos and their embeddings.

    Attributes:
        split: the photos; which of them are queries or candidates makes no difference here.
        vectors: the photos' embeddings.
        attributes: the names of the embeddings' attributes.
        values: the values that the embeddings tell apart, if queries ask as those of a search do; see `evaluate`.
    """

    split: RetrievalSplit
    vectors: ScratchVectors
    attributes: Sequence[str]
    values: ValueSpace | None

    def rows(self, a: int) -> Rows:
        """Return the labels of the split's ``a``-th attribute, ``(n, 3)``, whose photos have embeddings."""
        rows = np.unique(np.concatenate([self.split.queries, self.split.candidates]), axis=0)
        return np.asarray(rows[(rows[:, 1] == a) & self.vectors.present[rows[:, 0]]])

    def units(self) -> NDArray[np.intp]:
        """Return what counts together, ``(N,)``: the number of each photo's product, or of the photo itself."""
        photos = [f"photo {i}" for i in range(len(self.split.images))]
        products = self.split.products or ("",) * len(photos)
        names = [f"product {product}" if product else photo for photo, product in zip(photos, products, strict=True)]
        return np.unique(names, return_inverse=True)[1].astype(np.intp)


@dataclass(frozen=True, eq=False)
class AttributeMap:
    """One attribute's MAP in the standard gallery.

    Attributes:
        name: the attribute.
        map: in percent.
        queries: int32 ``(Q, 3)``, the photos that asked, rows as in the split.
        precisions: ``(Q,)``, each one's average precision, 0 to 1.
        moves: ``(N,)``, by how many points each of the split's photos moves MAP.
        measured: the values that the queries have.
    """

    name: str
    map: float
    queries: Rows
    precisions: NDArray[np.float64]
    moves: NDArray[np.float64]
    measured: frozenset[str]


def attribute_map(
    data: EmbeddedSplit, a: int, recorded: Mapping[str, ValueQuality], rng: np.random.Generator
) -> AttributeMap | None:
    """Return the MAP of the split's ``a``-th attribute with the shares of values in ``recorded``.

    Each photo asks, and all others are candidates. Photos of other values are left out. Values with too few photos are
    candidates, but do not ask. ``None`` if no query, or fewer than two values, are left.
    """
    names = data.split.attributes[a].values
    shares = np.array([recorded[name].photos if name in recorded else 0 for name in names], np.float64)
    rows = data.rows(a)
    rows = _sample(rows[shares[rows[:, 2]] > 0], rng)
    stock = np.bincount(rows[:, 2], minlength=len(names))
    queries = rows[(stock >= LEAST_OF_VALUE)[rows[:, 2]]]
    if not len(queries) or np.count_nonzero(stock) < 2:
        return None
    there = np.where(stock > 0, shares, 0)
    expected = there * STANDARD_GALLERY / there.sum()
    ranking = _ranking(data, a, queries, rows, expected, shares / np.maximum(stock, 1))
    precisions, candidates = ranking.measure()
    mean = float(ranking.counts @ precisions)
    moves = np.zeros(len(data.split.images))
    for photos, parts in ((queries[:, 0], ranking.counts * (precisions - mean)), (rows[:, 0], candidates)):
        moves += np.bincount(photos, parts, len(moves))
    measured = frozenset(names[value] for value in np.unique(queries[:, 2]))
    return AttributeMap(data.split.attributes[a].name, mean * 100, queries, precisions, moves * 100, measured)


def _sample(rows: Rows, rng: np.random.Generator) -> Rows:
    if len(rows) <= MOST_PHOTOS:
        return rows
    return np.asarray(rows[np.sort(rng.choice(len(rows), MOST_PHOTOS, replace=False))])


def _ranking(
    data: EmbeddedSplit, a: int, queries: Rows, rows: Rows, expected: NDArray[np.float64], counts: NDArray[np.float64]
) -> StandardRanking:
    """Rank ``rows`` for ``queries``; ``counts`` ``(V,)`` is how much a query of each value counts."""
    name = data.split.attributes[a].name
    ask = None if data.values is None else partial(data.values.question, attribute=name)
    scores = Ranking(data.vectors, data.attributes.index(name), rows, ask, None).scores(queries)
    own, tells = queries[:, :1] == rows[None, :, 0], own_product(data.split)
    if tells is not None:
        own |= tells(queries[:, 0], rows[:, 0])
    order = np.argsort(-scores, axis=1, kind="stable")
    weights, value = counts[queries[:, 2]], queries[:, 2]
    return StandardRanking(
        order,
        rows[:, 2][order] == value[:, None],
        np.take_along_axis(own, order, axis=1),
        rows[:, 2],
        expected,
        weights / weights.sum(),
        np.maximum(expected[value] - 1, 0),
    )


def covariance(data: EmbeddedSplit, maps: Sequence[AttributeMap]) -> NDArray[np.float64]:
    """Return how the MAPs of attributes would move together with other photos: ``(A, A)``, in squared points.

    The infinitesimal jackknife (Efron, "The Jackknife, the Bootstrap and Other Resampling Plans", 1982, chapter 6) over
    products, or photos where no product is known: what a bootstrap gives, without the draws.
    """
    units = data.units()
    moves = np.array([np.bincount(units, each.moves) for each in maps])  # (A, units)
    asked = np.array([len(np.unique(units[each.queries[:, 0]])) for each in maps], np.float64)
    moves *= np.sqrt(asked / np.maximum(asked - 1, 1))[:, None]
    return np.asarray(moves @ moves.T)
