"""Items in memory, searched exactly; saved to and loaded from a gallery file as a whole."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.after_fork import RenewedLock
from fashionsdk.search._ranking import largest_sums
from fashionsdk.search.stores._gallery_file import GalleryContents, read_gallery, write_gallery
from fashionsdk.search.stores._memory_state import State
from fashionsdk.search.stores._store import Answers, Contract, Items, Store, stored_key_error


class MemoryStore:
    """A `fashionsdk.search.stores.Store` in memory.

    Vectors are stored attribute by attribute, so a search reads only the attributes it asks for. Adding N items costs
    O(N) on average; replacing and removing cost O(G).

    Args:
        contract: what the vectors come from.
        items: the first items; their arrays become the store's own.
    """

    def __init__(self, contract: Contract, items: Items | None = None) -> None:
        self._contract = contract
        self._writing = RenewedLock()
        self._state: State | None = State.of(contract, items or Items([], {}, []))

    def __reduce__(self) -> tuple[type["MemoryStore"], tuple[Contract, Items]]:
        """Pickle and copy the items: a lock cannot be."""
        return type(self), (self._contract, next(self.items()))

    @property
    def contract(self) -> Contract:
        """What the vectors come from."""
        return self._contract

    def __len__(self) -> int:
        """Return G, the number of items."""
        return self._read().count

    def known(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that items have."""
        state = self._read()
        return {key for key in keys if state.row(key) is not None}

    def get(self, keys: Sequence[str], attributes: Iterable[str] | None = None) -> Items:
        """Return the items with these different keys, in the order given; the arrays are the caller's own."""
        state = self._read()
        rows = state.rows_of(keys)
        names = self._contract.dimensions if attributes is None else attributes
        vectors = {name: state.columns[name].vectors[rows] for name in names}
        return Items(list(keys), vectors, [state.metadata[row] for row in rows])

    def items(self, attributes: Iterable[str] | None = None) -> Iterator[Items]:
        """Yield all items as one batch; its arrays are views."""
        state = self._read()
        names = self._contract.dimensions if attributes is None else attributes
        vectors = {name: state.columns[name].vectors[: state.count] for name in names}
        return iter([Items(state.keys[: state.count], vectors, state.metadata[: state.count])])

    def add(self, items: Items, *, replace: bool = False) -> None:
        """Add items; with ``replace``, those whose keys are stored take the place of the stored ones."""
        with self._writing:
            state = self._read()
            stored = [index for index, key in enumerate(items.keys) if state.row(key) is not None]
            if stored and not replace:
                raise stored_key_error(items.keys[stored[0]])
            if stored:
                state = state.replaced(_at(items, stored))
                known = set(stored)
                items = _at(items, [index for index in range(len(items.keys)) if index not in known])
            self._state = state.appended(items)

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the items with these keys."""
        with self._writing:
            state = self._read()
            removed = set(state.rows_of(keys))
            self._state = state.only([row for row in range(state.count) if row not in removed])

    def search(self, queries: Mapping[str, NDArray[np.float32]], k: int) -> Answers:
        """Return the items with the largest sums of inner products for each query."""
        state = self._read()
        columns = [state.columns[name] for name in queries]
        galleries = [column.vectors[: state.count] for column in columns]
        candidates = None
        if not any(column.whole for column in columns):
            candidates = reduce(np.logical_or, [column.present[: state.count] for column in columns])
        rows, scores = largest_sums(list(queries.values()), galleries, k, candidates)
        keys, metadata = state.keys, state.metadata
        best = rows.tolist()
        return Answers(
            keys=[[keys[row] for row in answer] for answer in best],
            scores=scores,
            metadata=[[metadata[row] for row in answer] for answer in best],
        )

    def close(self) -> None:
        """Free the items."""
        with self._writing:
            self._state = None

    def _read(self) -> State:
        if self._state is None:
            raise ValueError("this gallery is closed; open it again")
        return self._state


def load_gallery(path: str | os.PathLike[str], *, model: str | None = None) -> MemoryStore:
    """Read a gallery file; with ``model``, only one that the model with this digest made.

    Raises:
        GalleryError: the file is missing, damaged, of another format, or made by another model.
    """
    contents = read_gallery(path, model=model)
    contract = Contract(contents.model, dict.fromkeys(contents.vectors, contents.dimension))
    return MemoryStore(contract, Items(contents.keys, contents.vectors, contents.metadata))


def save_gallery(path: str | os.PathLike[str], store: Store) -> None:
    """Write a store's items to a gallery file, as one step: a crash leaves the old file or the new one.

    Raises:
        GalleryError: the file cannot be written; what was saved there before is untouched.
        ValueError: the attributes' dimensions differ, which the file format does not allow.
    """
    contract, batches = store.contract, list(store.items())
    if len(set(contract.dimensions.values())) > 1:
        raise ValueError(f"dimensions are {dict(contract.dimensions)}; a gallery file holds vectors of one length")
    vectors = {name: _joined([batch.vectors[name] for batch in batches]) for name in contract.dimensions}
    keys = [key for batch in batches for key in batch.keys]
    metadata = [entry for batch in batches for entry in batch.metadata]
    dimension = next(iter(contract.dimensions.values()))
    write_gallery(path, GalleryContents(keys, metadata, vectors, dimension, contract.digest))


def _at(items: Items, indices: list[int]) -> Items:
    vectors = {name: rows[indices] for name, rows in items.vectors.items()}
    return Items([items.keys[i] for i in indices], vectors, [items.metadata[i] for i in indices])


def _joined(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
