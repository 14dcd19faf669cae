"""Exact nearest-neighbour search, an attribute at a time, over a gallery that grows, shrinks and is saved."""

import os
from collections.abc import Iterable, Mapping, Sequence
from operator import index

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import select
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import GalleryError
from fashionsdk.search._answers import Item, Matches
from fashionsdk.search._item_checks import check_embeddings, check_unit, checked_keys, checked_metadata
from fashionsdk.search._ranking import nearest, rank_lists
from fashionsdk.search._rerank_lists import OnUnknown, checked_count, checked_lists, known_lists
from fashionsdk.search.stores import JSON, GalleryContents, read_gallery, write_gallery


class Matcher:
    """Items by key, searched by cosine similarity in one attribute's embedding space.

    Vectors are stored attribute by attribute, so a search reads only the attribute it asks for.
    Searches may run in several threads at once; ``add`` and ``remove`` must not run beside anything else.

    Args:
        keys: N different strings, one for each row of ``embeddings``.
        embeddings: N images' embeddings; their attributes, dimension and model become the gallery's.
        metadata: N JSON objects to return with the keys, or None. A copy is kept.

    Raises:
        TypeError: not embeddings, a key is not a string, metadata is not JSON, or vectors are not float32.
        ValueError: counts differ, a key is repeated, or a vector is not of unit length.
    """

    def __init__(
        self,
        keys: Sequence[str],
        embeddings: Embeddings,
        metadata: Sequence[Mapping[str, JSON]] | None = None,
    ) -> None:
        """Start a gallery with these items."""
        check_embeddings(embeddings, "embeddings")
        names = embeddings.attributes
        if not names or len(set(names)) != len(names) or embeddings.dimension < 1:
            raise ValueError(
                f"attributes {names} with dimension {embeddings.dimension}; "
                "expected at least one attribute, each once, and a positive dimension"
            )
        self._model = embeddings.model
        self._dimension = embeddings.dimension
        self._keys: list[str] = []
        self._metadata: list[Mapping[str, JSON]] = []
        self._rows: dict[str, int] = {}
        self._vectors = {name: np.empty((0, self._dimension), np.float32) for name in names}  # (capacity, D)
        self.add(keys, embeddings, metadata)

    @classmethod
    def empty(cls, attributes: Iterable[str], dimension: int, model: str) -> "Matcher":
        """Return a gallery without items, for embeddings of ``model`` that hold ``attributes``.

        Raises:
            ValueError: no attribute, one named twice, or a dimension below 1.
        """
        names = tuple(attributes)
        vectors = np.empty((0, len(names), max(0, dimension)), np.float32)
        return cls((), Embeddings(vectors, names, model))

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys, in the order they were added."""
        return tuple(self._keys)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that can be searched."""
        return tuple(self._vectors)

    @property
    def dimension(self) -> int:
        """D, the length of one vector."""
        return self._dimension

    @property
    def model(self) -> str:
        """Digest of the model whose embeddings are stored."""
        return self._model

    def __len__(self) -> int:
        """Return G, the number of items."""
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        """Say whether an item has this key."""
        return key in self._rows

    def get(self, key: str) -> Item:
        """Return the item with this key; its embeddings are a copy.

        Raises:
            ValueError: no item has this key.
        """
        self._check_known([key])
        row = self._rows[key]
        vectors = np.stack([rows[row] for rows in self._vectors.values()])[None]  # (1, A, D)
        return Item(key, Embeddings(vectors, self.attributes, self._model), self._metadata[row])

    def search(self, query: Embeddings, attribute: str | None = None, *, k: int = 10) -> Matches:
        """Return the ``min(k, G)`` items nearest to each of the Q query images in ``attribute``.

        ``attribute`` may be None when the query holds exactly one. An answer does not depend on the
        other queries of the call. Beside the answer, at most ``ranking.SCORE_BYTES`` of scores are held
        at a time (or one query's, 4 bytes an item).

        Raises:
            TypeError: the query is not embeddings, or its vectors are not float32.
            ValueError: the attribute is missing or unknown, ``k`` is below 1, or a vector is not of
                unit length.
            GalleryError: the query was embedded by another model.
        """
        if index(k) < 1:
            raise ValueError(f"k is {k}; expected 1 or more")
        name, queries = self._checked_query(query, attribute)
        rows, scores = nearest(queries, self._vectors[name][: len(self)], k)
        return self._matches(name, rows, scores)

    def rerank(
        self,
        query: Embeddings,
        keys: Sequence[str] | Sequence[Sequence[str]],
        *,
        attribute: str | None = None,
        k: int | None = None,
        on_unknown: OnUnknown = "raise",
    ) -> Matches:
        """Put lists that another search found, such as by general similarity, in order of ``attribute``.

        The re-ranking of the ASEN papers (Dong et al., arXiv:2104.02429). An item scores what ``search`` gives it;
        equal scores keep the given list's order.

        Args:
            query: Q query images' embeddings.
            keys: Q lists of different stored keys, such as ``Matches.keys``; for one query also its list alone. An
                empty list comes back empty.
            attribute: what to compare; None when the query holds exactly one.
            k: how many of each list to return; None for all, and no more than a list has.
            on_unknown: what a key that the gallery lacks does: ``"raise"``, or ``"skip"``: it is left out, as if it
                were not in its list. ``key in matcher`` tells which.

        Raises:
            TypeError: the query is not embeddings, its vectors are not float32, or the keys are not lists of strings.
            ValueError: the attribute is missing or unknown, ``k`` is below 1, a vector is not of unit length, a key is
                twice in its list, or unknown with ``on_unknown="raise"``, or answers would differ in length: Q lists
                of different lengths need a ``k`` that all have.
            GalleryError: the query was embedded by another model.
        """
        name, queries = self._checked_query(query, attribute)
        lists = known_lists(checked_lists(keys, len(query)), self, on_unknown)
        self._check_known(key for given in lists for key in given)
        found = [[self._rows[key] for key in given] for given in lists]
        return self._matches(name, *rank_lists(queries, self._vectors[name], found, checked_count(lists, k)))

    def add(
        self,
        keys: Sequence[str],
        embeddings: Embeddings,
        metadata: Sequence[Mapping[str, JSON]] | None = None,
    ) -> None:
        """Append N items; on any error nothing changes. Costs O(N) on average.

        Raises:
            TypeError: not embeddings, a key is not a string, metadata is not JSON, or vectors are not float32.
            ValueError: counts differ, a key is repeated or already stored, or the embeddings do not fit
                the gallery.
            GalleryError: the embeddings come from another model.
        """
        check_embeddings(embeddings, "embeddings")
        keys = checked_keys(keys, len(embeddings))
        if repeated := [key for key in keys if key in self._rows]:
            raise ValueError(f"key {repeated[0]!r} is already in the gallery; remove it first, or choose another")
        entries = checked_metadata(metadata, len(embeddings))
        if set(embeddings.attributes) != set(self._vectors) or len(embeddings.attributes) != len(self._vectors):
            raise ValueError(f"embeddings hold {', '.join(embeddings.attributes)}; expected {', '.join(self._vectors)}")
        self._check_origin(embeddings)
        for name in self._vectors:
            check_unit(embeddings[name], keys, name)
        self._append(keys, embeddings, entries)

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the items with these keys, in O(G); the others keep their order.

        On an error nothing changes.

        Raises:
            TypeError: ``keys`` is one string.
            ValueError: a key is not in the gallery.
        """
        if isinstance(keys, str):
            raise TypeError(f"keys is the string {keys!r}; expected a list of keys")
        gone = list(keys)
        self._check_known(gone)
        rows = {self._rows[key] for key in gone}
        kept = [row for row in range(len(self)) if row not in rows]
        vectors = {name: stored[kept] for name, stored in self._vectors.items()}
        self._hold([self._keys[row] for row in kept], [self._metadata[row] for row in kept], vectors)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the gallery to one file, as one step: a crash leaves the old file or the new one.

        Raises:
            GalleryError: the file cannot be written; what was saved there before is untouched.
        """
        vectors = {name: stored[: len(self)] for name, stored in self._vectors.items()}
        write_gallery(path, GalleryContents(self._keys, self._metadata, vectors, self._dimension, self._model))

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, model: str | None = None) -> "Matcher":
        """Read a gallery that ``save`` wrote; with ``model``, only one that this model made.

        Raises:
            GalleryError: the file is missing, damaged, of another format, or made by another model.
        """
        contents = read_gallery(path, model=model)
        matcher = cls.empty(contents.vectors, contents.dimension, contents.model)
        try:
            for name, rows in contents.vectors.items():
                check_unit(rows, contents.keys, name)
        except ValueError as error:
            raise GalleryError(f"the gallery {os.fspath(path)} is not usable: {error}") from error
        matcher._hold(list(contents.keys), list(contents.metadata), dict(contents.vectors))
        return matcher

    def _append(self, keys: list[str], embeddings: Embeddings, entries: list[Mapping[str, JSON]]) -> None:
        """Store checked items; memory is reserved for all attributes before anything changes."""
        count, total = len(self), len(self) + len(keys)
        vectors = {name: _reserve(stored, count, total) for name, stored in self._vectors.items()}
        for name, stored in vectors.items():
            stored[count:total] = embeddings[name]
        self._vectors = vectors
        self._keys += keys
        self._metadata += entries
        self._rows.update(zip(keys, range(count, total), strict=True))

    def _hold(
        self, keys: list[str], metadata: list[Mapping[str, JSON]], vectors: dict[str, NDArray[np.float32]]
    ) -> None:
        """Replace everything that is stored."""
        self._rows = {key: row for row, key in enumerate(keys)}
        self._keys, self._metadata, self._vectors = keys, metadata, vectors

    def _checked_query(self, query: Embeddings, attribute: str | None) -> tuple[str, NDArray[np.float32]]:
        """Return the attribute to compare and the queries' vectors ``(Q, D)`` for it."""
        check_embeddings(query, "query")
        if attribute is None:
            if len(query.attributes) != 1:
                raise ValueError(f"the query holds {', '.join(query.attributes)}; say which attribute to search by")
            (attribute,) = query.attributes
        select(self.attributes, attribute)
        self._check_origin(query)
        queries = query[attribute]
        check_unit(queries, [f"query {row}" for row in range(len(query))], attribute)
        return attribute, queries

    def _matches(self, attribute: str, rows: NDArray[np.int64], scores: NDArray[np.float32]) -> Matches:
        return Matches(
            attribute=attribute,
            keys=[[self._keys[row] for row in found] for found in rows.tolist()],
            scores=scores,
            metadata=[[self._metadata[row] for row in found] for found in rows.tolist()],
        )

    def _check_origin(self, embeddings: Embeddings) -> None:
        if embeddings.model != self._model:
            raise GalleryError(
                f"embeddings of model {embeddings.model}, expected {self._model}, which made this gallery; "
                "scores between models mean nothing: embed both with the same bundle"
            )
        if embeddings.dimension != self._dimension:
            raise ValueError(f"embeddings have dimension {embeddings.dimension}; expected {self._dimension}")

    def _check_known(self, keys: Iterable[str]) -> None:
        if unknown := [key for key in keys if key not in self._rows]:
            raise ValueError(f"no item has the key {unknown[0]!r}; the gallery holds {len(self)} items")


def _reserve(stored: NDArray[np.float32], count: int, total: int) -> NDArray[np.float32]:
    """Return an array with room for ``total`` rows that keeps the first ``count``; it grows by doubling."""
    if total <= len(stored):
        return stored
    grown = np.empty((max(total, 2 * count), stored.shape[1]), np.float32)
    grown[:count] = stored[:count]
    return grown
