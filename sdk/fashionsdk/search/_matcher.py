"""A gallery that is searched by one attribute or several, grows, shrinks, and may outlive its process."""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence

from fashionsdk.embeddings import Embeddings
from fashionsdk.search._answering import answer, matches_of
from fashionsdk.search._matches import Matches
from fashionsdk.search._outside_lists import OnUnknown, checked_lists, known_lists, rerank_lists
from fashionsdk.search._requests import query_vectors, request_of
from fashionsdk.search._stored_items import StoredItems
from fashionsdk.search.query import Condition, Example, Query, Require, check_embeddings, query_of
from fashionsdk.search.stores import JSON, Contract, MemoryStore, Store, load_gallery, open_store
from fashionsdk.values import ValueSpace


class Matcher(StoredItems):
    """Items by key, searched by cosine similarity in the embedding spaces of attributes.

    A matcher checks what comes in and makes matches of the answers; a store keeps the items. Several threads may call
    it at once: a search sees all items of an ``add`` or ``remove``, or none of them.

    Args:
        keys: N different strings, one for each row of ``embeddings``.
        embeddings: N images' embeddings; their attributes, dimension and model's digest become the gallery's.
        metadata: N JSON objects to return with the keys, or None. They are copied; NumPy's numbers become plain.

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
        self._values = embeddings.values
        self._store: Store = MemoryStore(Contract(embeddings.model, embeddings.dimensions))
        self.add(keys, embeddings, metadata)

    @classmethod
    def empty(cls, attributes: Iterable[str], dimension: int, model: str) -> "Matcher":
        """Return a gallery without items, for embeddings of ``attributes`` by the model with the digest ``model``.

        Raises:
            TypeError: ``attributes`` is one string, or ``dimension`` not a whole number.
            ValueError: no attribute, one named twice, or a dimension below 1.
        """
        return cls.over(MemoryStore(Contract.of(attributes, dimension, model)))

    @classmethod
    def open(
        cls,
        address: str | os.PathLike[str],
        *,
        contract: Contract | None = None,
        create: bool = False,
        model: str | None = None,
        values: ValueSpace | None = None,
        read_only: bool = False,
    ) -> "Matcher":
        """Open a gallery where it is kept.

        | address | gallery |
        |---|---|
        | ``"memory:"`` | a new one in memory, for ``contract`` |
        | ``"shop.gallery"`` | the file that `save` wrote, read into memory; changes are kept with `save` |
        | ``"shop/"``, or a folder that exists | a folder, whose changes are on disk when a call returns |
        | ``"postgresql://shop@localhost/catalogue"`` | a PostgreSQL database with pgvector; ``?gallery=NAME`` for one \
of several, ``?search=hnsw`` for an approximate index |
        | ``"milvus://shop@localhost:19530/summer"`` | a gallery in Milvus; ``?search=hnsw``, ``shards``, ``replicas`` |

        Args:
            address: where it is.
            contract: what its vectors must come from; a new gallery's own.
            create: make a gallery in a folder, database or server that has none yet, for ``contract``.
            model: the digest that the gallery's model must have.
            values: the values that the model tells apart, as `Embedder.values`: for questions by value.
            read_only: refuse changes, and work in a folder that may not be written to.

        Raises:
            TypeError: the address is no path.
            ValueError: no contract is given for a new gallery, or nothing of this kind can be opened.
            GalleryError: there is no gallery, it is damaged, or it was made by another model.
        """
        store = open_store(address, contract=contract, create=create, model=model, read_only=read_only)
        return cls.over(store, values=values)

    @classmethod
    def over(cls, store: Store, *, values: ValueSpace | None = None) -> "Matcher":
        """Return a matcher that asks a store; for ``values`` see `open`."""
        matcher = cls.__new__(cls)
        matcher._store, matcher._values = store, values
        return matcher

    def search(
        self,
        query: Embeddings | Example | Sequence[Example] | None = None,
        attribute: str | None = None,
        *,
        by: str | Mapping[str, float] | None = None,
        keys: str | Sequence[str] | None = None,
        value: Mapping[str, str] | None = None,
        change: Mapping[str, str] | None = None,
        k: int = 10,
        offset: int = 0,
        where: Condition | None = None,
        require: Require = "any",
        least: float | None = None,
        group_by: str | None = None,
        exclude: Collection[str] | Sequence[Collection[str]] | None = None,
        exclude_self: bool = False,
        exclude_same: str | None = None,
        own: str | Sequence[str] | None = None,
    ) -> Matches:
        """Return the ``min(k, G)`` items nearest to each of Q queries.

        An answer does not depend on the other queries of the call. It takes up to 64 MiB of memory for scores, or one
        query's scores if these are more: 4 bytes an item.

        Args:
            query: Q query images' embeddings; or examples, whose weighted cosines add up.
            attribute: what to compare; None when the query holds exactly one. The same as ``by``.
            by: one attribute, or several with weights: ``{"neckline": 0.7, "sleeve length": 0.3}``. A score is the sum
                of weight times cosine. An attribute that an item lacks adds nothing.
            keys: instead of a query: stored items, by their keys, one or Q.
            value: instead of a query: attribute -> the value that items shall probably show. A score is then the root
                of the probability, times the weight that the model's embeddings give to values.
            change: attribute -> value: like the query in all attributes, or those of ``by``, but with these values. A
                changed attribute counts as much as all others together.
            k: how many items to return for each query.
            offset: how many of the best to pass over before, for the next page.
            where: a condition on metadata, such as ``(field("price") <= 50) & (field("brand") == "Zara")``.
            require: ``"all"`` for items that have all attributes asked for; ``"any"`` for at least one.
            least: the smallest score of an answer.
            group_by: a field of the metadata, of which each value is answered once, by its best item.
            exclude: for each query, the keys of items that are no answers to it, such as its own: ``[[key] for key in
                keys]``. For one query also its keys alone. Keys that the gallery lacks change nothing.
            exclude_self: leave out the queries' own items, which are those of ``keys`` and ``own``; with ``group_by``,
                their groups too.
            exclude_same: a field of the metadata, such as ``"product"``: leave out all items with the same value as the
                query's own.
            own: for each query, the key of the stored item that its photo is of; for one query also its key alone.

        Raises:
            TypeError: the query is not embeddings, its vectors are not float32, ``k`` is not a whole number, or the
                keys to exclude are not lists of strings.
            ValueError: the attribute is missing or unknown, ``k`` is below 1, a vector is not of unit length, or
                queries exclude so many items that fewer than ``k`` are left for some, and not as many for all.
            GalleryError: the query was embedded by another model.
        """
        examples = query_of(
            query, attribute=attribute, by=by, keys=keys, value=value, change=change, attributes=self.attributes
        )
        return self.ask(
            Query(examples, k, offset, where, require, least, group_by, exclude, exclude_self, exclude_same, own)
        )

    def ask(self, query: Query) -> Matches:
        """Return the answers to a query, as `search` does, whose arguments are the query's parts."""
        return answer(self._store, request_of(self._store, query, self._values))

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
        name, queries = query_vectors(self.contract, query, attribute)
        lists = known_lists(checked_lists(keys, len(query)), self, on_unknown)
        return matches_of(name, rerank_lists(self._store, name, queries, lists, k))

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, model: str | None = None, values: ValueSpace | None = None
    ) -> "Matcher":
        """Read a gallery that ``save`` wrote; with ``model``, only one made by the model with this digest.

        For ``values`` see `open`.

        Raises:
            GalleryError: the file is missing, damaged, of another format, or made by another model.
        """
        return cls.over(load_gallery(path, model=model), values=values)
