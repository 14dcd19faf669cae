"""Exact nearest-neighbour search, an attribute at a time, over a gallery that grows, shrinks and is saved."""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.whole_number import whole_number
from fashionsdk.attributes import select
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import GalleryError
from fashionsdk.search._checks import check_embeddings, check_unit, checked_keys, checked_metadata
from fashionsdk.search._excluded_keys import excluded_keys, search_without
from fashionsdk.search._matches import Item, Matches
from fashionsdk.search._outside_lists import OnUnknown, checked_lists, known_lists, rerank_lists
from fashionsdk.search.stores import JSON, Answers, Contract, Items, MemoryStore, Store, load_gallery, save_gallery


class Matcher:
    """Items by key, searched by cosine similarity in one attribute's embedding space.

    A matcher checks what comes in and makes matches of the answers; a store keeps the items. Several threads may call
    it at once: a search sees all items of an ``add`` or ``remove``, or none of them.

    Args:
        keys: N different strings, one for each row of ``embeddings``.
        embeddings: N images' embeddings; their attributes, dimension and model's digest become the gallery's.
        metadata: N JSON objects to return with the keys, or None. They are copied.

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
        """A gallery that starts with these items; the arguments are those of `add`."""
        check_embeddings(embeddings, "embeddings")
        names = embeddings.attributes
        if not names or len(set(names)) != len(names) or embeddings.dimension < 1:
            raise ValueError(
                f"attributes {names} with dimension {embeddings.dimension}; "
                "expected at least one attribute, each once, and a positive dimension"
            )
        self._store: Store = MemoryStore(Contract(embeddings.model, dict.fromkeys(names, embeddings.dimension)))
        self.add(keys, embeddings, metadata)

    @classmethod
    def empty(cls, attributes: Iterable[str], dimension: int, model: str) -> "Matcher":
        """Return a gallery without items, for embeddings of ``attributes`` by the model with the digest ``model``.

        Raises:
            TypeError: ``attributes`` is one string, or ``dimension`` not a whole number.
            ValueError: no attribute, one named twice, or a dimension below 1.
        """
        if isinstance(attributes, str):
            raise TypeError(f"attributes is the string {attributes!r}; expected a list of names")
        names = tuple(attributes)
        vectors = np.empty((0, len(names), whole_number(dimension, "dimension")), np.float32)
        return cls((), Embeddings(vectors, names, model))

    def __repr__(self) -> str:
        names = ", ".join(self.attributes)
        return f"Matcher({len(self)} items, {names}, dimension {self.dimension}, model {self.model[:12]})"

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys, in the order they were added."""
        return tuple(key for items in self._store.items(()) for key in items.keys)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that can be searched."""
        return tuple(self._store.contract.dimensions)

    @property
    def dimension(self) -> int:
        """D, the length of one vector."""
        return next(iter(self._store.contract.dimensions.values()))

    @property
    def model(self) -> str:
        """Digest of the model whose embeddings are stored."""
        return self._store.contract.digest

    def __len__(self) -> int:
        """Return G, the number of items."""
        return len(self._store)

    def __contains__(self, key: object) -> bool:
        """Say whether an item has this key."""
        return isinstance(key, str) and bool(self._store.known([key]))

    def get(self, key: str) -> Item:
        """Return the item with this key; its embeddings are a copy.

        Raises:
            ValueError: no item has this key.
        """
        item = self._store.get([key])
        vectors = np.stack([item.vectors[name] for name in self.attributes], axis=1)  # (1, A, D)
        return Item(key, Embeddings(vectors, self.attributes, self.model), item.metadata[0])

    def search(
        self,
        query: Embeddings,
        attribute: str | None = None,
        *,
        k: int = 10,
        exclude: Collection[str] | Sequence[Collection[str]] | None = None,
    ) -> Matches:
        """Return the ``min(k, G)`` items nearest to each of the Q query images in ``attribute``.

        An answer does not depend on the other queries of the call. It takes up to 64 MiB of memory for scores, or one
        query's scores if these are more: 4 bytes an item.

        Args:
            query: Q query images' embeddings.
            attribute: what to compare; None when the query holds exactly one.
            k: how many items to return for each query.
            exclude: for each query, the keys of items that are no answers to it, such as its own: ``[[key] for key in
                keys]``. For one query also its keys alone. Keys that the gallery lacks change nothing.

        Raises:
            TypeError: the query is not embeddings, its vectors are not float32, ``k`` is not a whole number, or the
                keys to exclude are not lists of strings.
            ValueError: the attribute is missing or unknown, ``k`` is below 1, a vector is not of unit length, or
                queries exclude so many items that fewer than ``k`` are left for some, and not as many for all.
            GalleryError: the query was embedded by another model.
        """
        k = whole_number(k, "k")
        name, queries = self._checked_query(query, attribute)
        if exclude is None:
            return _matches(name, self._store.search({name: queries}, k))
        return _matches(name, search_without(self._store, {name: queries}, k, excluded_keys(exclude, len(query))))

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
            on_unknown: for a key that the gallery lacks: ``"raise"``, or ``"skip"``: it is left out, as if it were not
                in its list. ``key in matcher`` tells whether the gallery has it.

        Raises:
            TypeError: the query is not embeddings, its vectors are not float32, or the keys are not lists of strings.
            ValueError: the attribute is missing or unknown, ``k`` is below 1, a vector is not of unit length, a key is
                twice in its list, or unknown with ``on_unknown="raise"``, or answers would differ in length: Q lists
                of different lengths need a ``k`` that all have.
            GalleryError: the query was embedded by another model.
        """
        name, queries = self._checked_query(query, attribute)
        lists = known_lists(checked_lists(keys, len(query)), self, on_unknown)
        return _matches(name, rerank_lists(self._store, name, queries, lists, k))

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
        entries = checked_metadata(metadata, len(embeddings))
        names = self.attributes
        if set(embeddings.attributes) != set(names) or len(embeddings.attributes) != len(names):
            raise ValueError(f"embeddings hold {', '.join(embeddings.attributes)}; expected {', '.join(names)}")
        self._check_origin(embeddings)
        for name in names:
            check_unit(embeddings[name], keys, name)
        self._store.add(Items(keys, {name: embeddings[name] for name in names}, entries))

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the items with these keys, in O(G); the others keep their order.

        On an error nothing changes.

        Raises:
            TypeError: ``keys`` is one string.
            ValueError: a key is not in the gallery.
        """
        if isinstance(keys, str):
            raise TypeError(f"keys is the string {keys!r}; expected a list of keys")
        self._store.remove(list(keys))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the gallery to one file, as one step: a crash leaves the old file or the new one.

        Raises:
            GalleryError: the file cannot be written; what was saved there before is untouched.
        """
        save_gallery(path, self._store)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, model: str | None = None) -> "Matcher":
        """Read a gallery that ``save`` wrote; with ``model``, only one made by the model with this digest.

        Raises:
            GalleryError: the file is missing, damaged, of another format, or made by another model.
        """
        store = load_gallery(path, model=model)
        try:
            for items in store.items():
                for name, rows in items.vectors.items():
                    check_unit(rows, items.keys, name)
        except ValueError as error:
            raise GalleryError(f"the gallery {os.fspath(path)} is not usable: {error}") from error
        matcher = cls.__new__(cls)
        matcher._store = store
        return matcher

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

    def _check_origin(self, embeddings: Embeddings) -> None:
        if embeddings.model != self.model:
            raise GalleryError(
                f"embeddings of model {embeddings.model}, expected {self.model}, which made this gallery; "
                "scores between models mean nothing: embed both with the same bundle"
            )
        if embeddings.dimension != self.dimension:
            raise ValueError(f"embeddings have dimension {embeddings.dimension}; expected {self.dimension}")


def _matches(attribute: str, answers: Answers) -> Matches:
    """Return the answers with their scores as cosines, which rounding may have put a little beyond -1 and 1."""
    return Matches(attribute, answers.keys, answers.scores.clip(-1, 1), answers.metadata)
