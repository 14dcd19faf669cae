"""Items by key in a store: reading them, adding, changing and removing them."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings
from fashionsdk.search._checks import checked_keys, checked_lacks, checked_metadata
from fashionsdk.search._matches import Item
from fashionsdk.search._requests import check_origin
from fashionsdk.search.query import Condition, check_embeddings, holds
from fashionsdk.search.scan import check_unit
from fashionsdk.search.stores import JSON, Contract, Items, Store, save_gallery
from fashionsdk.values import ValueSpace


class StoredItems:
    """The items of a store, by key. It checks what comes in; the store keeps it.

    Several threads may call it at once: a reader sees all items of an ``add`` or ``remove``, or none of them.
    """

    _store: Store
    _values: ValueSpace | None

    def __repr__(self) -> str:
        names = ", ".join(self.attributes)
        lengths = " and ".join(map(str, sorted(set(self.contract.dimensions.values()))))
        return f"{type(self).__name__}({len(self)} items, {names}, dimension {lengths}, model {self.model[:12]})"

    def __enter__(self) -> Self:
        """Return itself; the block's end closes it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the calls that run in other threads, then free what the gallery holds. Later calls raise."""
        self._store.close()

    @property
    def contract(self) -> Contract:
        """What the vectors come from, and how they are kept."""
        return self._store.contract

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
        """D, the length of one vector.

        Raises:
            ValueError: the attributes have vectors of different lengths; ``contract.dimensions`` has each.
        """
        lengths = set(self._store.contract.dimensions.values())
        if len(lengths) > 1:
            raise ValueError(f"dimensions are {dict(self._store.contract.dimensions)}; expected contract.dimensions")
        return lengths.pop()

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
        return next(self.items([key]))

    def known(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that items have."""
        return self._store.known(list(keys))

    def entries(self, where: Condition | None = None) -> Iterator[tuple[str, Mapping[str, JSON]]]:
        """Yield all keys with their items' metadata, as they are now, or those that meet a condition."""
        pairs = (pair for batch in self._store.items(()) for pair in zip(batch.keys, batch.metadata, strict=True))
        return (pair for pair in pairs if where is None or holds(where, pair[1]))

    def batches(self) -> Iterator[Items]:
        """Yield all items as the store keeps them, as they are now, some at a time; do not write to them."""
        return self._store.items()

    def items(self, keys: Sequence[str] | None = None) -> Iterator[Item]:
        """Yield the items with these different keys in their order; with None all, as they are now.

        Raises:
            ValueError: no item has one of the keys.
        """
        names, lengths = self.attributes, tuple(self.contract.dimensions.values())
        batches = self._store.items() if keys is None else iter([self._store.get(list(keys))])
        for batch in batches:
            vectors = _stacked([batch.vectors[name] for name in names], max(lengths))  # (N, A, D)
            for row, key in enumerate(batch.keys):
                lacks = frozenset(name for name, vector in zip(names, vectors[row], strict=True) if not vector.any())
                ragged = lengths if len(set(lengths)) > 1 else None
                embeddings = Embeddings(vectors[[row]], names, self.model, values=self._values, lengths=ragged)
                yield Item(key, embeddings, batch.metadata[row], lacks)

    def add(
        self,
        keys: Sequence[str],
        embeddings: Embeddings,
        metadata: Sequence[Mapping[str, JSON]] | None = None,
        *,
        lacks: Sequence[Collection[str]] | None = None,
        replace: bool = False,
    ) -> None:
        """Append N items; on any error nothing changes. Costs O(N) on average.

        Args:
            keys: N different strings.
            embeddings: N images' embeddings.
            metadata: N JSON objects, or None.
            lacks: for each item the attributes that it does not have, as a skirt has no collar; what ``embeddings``
                hold for these is left out.
            replace: items whose keys are stored take the place of those.

        Raises:
            TypeError: not embeddings, a key is not a string, metadata is not JSON, or vectors are not float32.
            ValueError: counts differ, a key is repeated or, without ``replace``, already stored, a number of the
                metadata is not finite, or the embeddings do not fit the gallery.
            GalleryError: the embeddings come from another model, or the gallery cannot be written.
        """
        check_embeddings(embeddings, "embeddings")
        keys = checked_keys(keys, len(embeddings))
        entries = checked_metadata(metadata, keys)
        names = self.attributes
        if set(embeddings.attributes) != set(names) or len(embeddings.attributes) != len(names):
            raise ValueError(f"embeddings hold {', '.join(embeddings.attributes)}; expected {', '.join(names)}")
        check_origin(self.contract, embeddings)
        vectors = {name: embeddings[name] for name in names}
        missing = {} if lacks is None else checked_lacks(lacks, keys, names)
        for name, lacking in missing.items():
            vectors[name] = np.where(lacking[:, None], np.float32(0), vectors[name])
        for name in names:
            _check_vectors(vectors[name], keys, name, missing.get(name))
        self._store.add(Items(keys, vectors, entries), replace=replace)

    def update(self, keys: Sequence[str], changes: Sequence[Mapping[str, JSON]]) -> None:
        """Set fields of items' metadata, such as price and stock; fields that a change does not name stay.

        On an error nothing changes.

        Raises:
            TypeError: a key is not a string, or a change is not JSON.
            ValueError: counts differ, a key is repeated or not in the gallery, or a number is not finite.
            GalleryError: the gallery cannot be written.
        """
        keys = list(keys) if not isinstance(keys, str) else keys
        checked = checked_keys(keys, len(changes), "changes")
        self._store.update(checked, checked_metadata(changes, checked))

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

    def put(self, items: Items, *, replace: bool = False) -> None:
        """Add items as `batches` of a gallery with the same contract gives them; its codec may be another.

        Raises:
            ValueError: a key is stored already, without ``replace``.
            GalleryError: the gallery cannot be written.
        """
        self._store.add(items, replace=replace)

    def vacuum(self) -> None:
        """Rebuild what speeds searches up, and give back the space of removed items. Changes no answer."""
        self._store.vacuum()

    def details(self) -> Mapping[str, JSON]:
        """Return how the gallery is kept, such as its kind and its bytes on disk."""
        return self._store.details()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the gallery to one file, as one step: a crash leaves the old file or the new one.

        Raises:
            GalleryError: the file cannot be written; what was saved there before is untouched.
        """
        save_gallery(path, self._store)


def _stacked(vectors: Sequence[NDArray[np.float32]], dimension: int) -> NDArray[np.float32]:
    """Return attributes' vectors ``(N, D_a)`` as one array ``(N, A, D)``; shorter ones end in zeros."""
    return np.stack([np.pad(rows, ((0, 0), (0, dimension - rows.shape[1]))) for rows in vectors], axis=1)


def _check_vectors(
    vectors: NDArray[np.float32], keys: Sequence[str], name: str, lacking: NDArray[np.bool_] | None
) -> None:
    """Check the vectors of the items that do not lack an attribute."""
    if lacking is None:
        check_unit(vectors, keys, name)
    else:
        check_unit(vectors[~lacking], [key for key, lacks in zip(keys, lacking, strict=True) if not lacks], name)
