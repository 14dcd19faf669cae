"""Looks a query's examples up and checks them: photos against the gallery's contract, keys in the gallery."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import select
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import GalleryError
from fashionsdk.search._answering import Request
from fashionsdk.search.query import Example, Query
from fashionsdk.search.scan import check_unit
from fashionsdk.search.stores import JSON, Contract, Items, Store
from fashionsdk.values import ValueSpace


def request_of(store: Store, query: Query, values: ValueSpace | None = None) -> Request:
    """Return what a store is asked; ``values`` are those that the gallery's vectors tell apart, if they are known.

    Raises:
        TypeError: vectors are not float32.
        ValueError: an attribute or value is unknown or missing, an item is unknown or lacks an attribute asked for, or
            a vector is not of unit length.
        GalleryError: a photo was embedded by another model.
    """
    attributes, count = tuple(store.contract.dimensions), query.count
    sums: dict[str, NDArray[Any]] = {}
    weights: dict[str, float] = {}
    own: list[dict[str, Mapping[str, JSON]]] = [{} for _ in range(count)]
    values = values or _values_of(query)
    for example in query.examples:
        asked = example.weights(attributes)
        select(attributes, list(asked))
        vectors, metadata = _looked_up(store, example, list(asked), values)
        for name, weight in asked.items():
            rows = vectors[name] if weight == 1 else vectors[name].astype(np.float64) * weight
            sums[name] = rows if name not in sums else sums[name] + rows
            weights[name] = weights.get(name, 0.0) + abs(weight)
        for position, items in enumerate(own):
            items.update(dict([metadata[position if len(metadata) > 1 else 0]] if metadata else []))
    if query.own:
        different = list(dict.fromkeys(query.own))
        entries = dict(zip(different, store.get(different, ()).metadata, strict=True))
        for items, key in zip(own, query.own, strict=True):
            items[key] = entries[key]
    vectors = {name: _for_each(np.asarray(rows, np.float32), count) for name, rows in sums.items()}
    return Request(query, vectors, weights, own)


def _for_each(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return a row for each of ``count`` queries, of which there is one for all or one for each."""
    return rows if len(rows) == count else np.broadcast_to(rows, (count, rows.shape[1]))


def check_origin(contract: Contract, embeddings: Embeddings) -> None:
    """Check that embeddings may enter a gallery, as items or as queries.

    Raises:
        GalleryError: another model made them, or a graph in another precision that was not proved to rank alike.
        ValueError: their vectors have another length.
    """
    if embeddings.model != contract.digest:
        raise GalleryError(
            f"embeddings of model {embeddings.model}, expected {contract.digest}, which made this gallery; "
            "scores between models mean nothing: embed both with the same bundle"
        )
    for name, given in embeddings.dimensions.items():
        length = contract.dimensions.get(name, given)
        if given != length:
            raise ValueError(f"embeddings have dimension {given} for {name}; expected {length}")
    if contract.precision is not None and contract.precision not in (embeddings.precisions or (contract.precision,)):
        raise GalleryError(
            f"embeddings of a graph in {embeddings.precisions[0]}, expected {contract.precision}, which made this "
            "gallery, or a bundle whose graphs in both precisions were proved to rank alike"
        )


def _looked_up(
    store: Store, example: Example, names: Sequence[str], values: ValueSpace | None
) -> tuple[Mapping[str, NDArray[np.float32]], list[tuple[str, Mapping[str, JSON]]]]:
    """Return an example's vectors ``(Q or 1, D_a)`` by attribute, and the items that it names, with their metadata."""
    if example.value is not None:
        if values is None:
            raise ValueError(
                "which values the gallery's vectors tell apart is not known; open it with values=embedder.values, from "
                "a bundle whose model has probabilities of values"
            )
        lengths = store.contract.dimensions
        return {name: values.vector(name, example.value[name], lengths[name])[None] for name in names}, []
    if example.photo is None:
        vectors, metadata = _items(store, list(example.keys or ()), names)
        return {
            name: rows if values is None else values.question(rows, name) for name, rows in vectors.items()
        }, metadata
    return _photo_vectors(store.contract, example.photo, names), []


def _values_of(query: Query) -> ValueSpace | None:
    """Return the values that a query's photos tell apart."""
    photos = (example.photo for example in query.examples if example.photo is not None)
    return next((photo.values for photo in photos if photo.values is not None), None)


def _items(
    store: Store, keys: Sequence[str], names: Sequence[str]
) -> tuple[Mapping[str, NDArray[np.float32]], list[tuple[str, Mapping[str, JSON]]]]:
    different = list(dict.fromkeys(keys))
    items: Items = store.get(different, names)
    for name in names:
        lacking = np.flatnonzero(~items.vectors[name].any(axis=1))
        if lacking.size:
            raise ValueError(f"the item {different[lacking[0]]!r} lacks {name}; search by an attribute that it has")
    places = {key: place for place, key in enumerate(different)}
    rows = [places[key] for key in keys]
    return {name: items.vectors[name][rows] for name in names}, [(key, items.metadata[places[key]]) for key in keys]


def query_vectors(contract: Contract, query: Embeddings, attribute: str | None) -> tuple[str, NDArray[np.float32]]:
    """Return the attribute to compare and the queries' vectors ``(Q, D)`` for it.

    Raises:
        TypeError: the query is not embeddings, or its vectors are not float32.
        ValueError: the attribute is missing or unknown, or a vector is not of unit length.
        GalleryError: another model made them.
    """
    example = Example(query, attribute)
    ((name, _),) = example.weights(tuple(contract.dimensions)).items()
    select(tuple(contract.dimensions), name)
    return name, _photo_vectors(contract, query, [name])[name]


def _photo_vectors(contract: Contract, photo: Embeddings, names: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    check_origin(contract, photo)
    for name in names:
        check_unit(photo[name], [f"query {row}" for row in range(len(photo))], name)
    return {name: photo.questions(name) for name in names}
