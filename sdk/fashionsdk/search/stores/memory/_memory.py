"""Items in memory, searched exactly."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.after_fork import RenewedLock
from fashionsdk.search.query import Condition, Require
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._store import JSON, Answers, Items, closed_error, stored_key_error
from fashionsdk.search.stores.memory._memory_state import State


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
        vectors = {name: state.columns[name].vectors(rows) for name in names}
        return Items(list(keys), vectors, [state.metadata[row] for row in rows])

    def items(self, attributes: Iterable[str] | None = None) -> Iterator[Items]:
        """Yield all items as one batch; arrays in float32 are views."""
        state = self._read()
        names = self._contract.dimensions if attributes is None else attributes
        vectors = {name: state.columns[name].vectors(slice(state.count)) for name in names}
        return iter([Items(state.keys[: state.count], vectors, state.metadata[: state.count])])

    def add(self, items: Items, *, replace: bool = False) -> None:
        """Add items; with ``replace``, those whose keys are stored take the place of the stored ones."""
        with self._writing:
            state = self._read()
            stored = [index for index, key in enumerate(items.keys) if state.row(key) is not None]
            if stored and not replace:
                raise stored_key_error(items.keys[stored[0]])
            if stored:
                state = state.replaced(items.at(stored))
                known = set(stored)
                items = items.at([index for index in range(len(items.keys)) if index not in known])
            self._state = state.appended(items)

    def update(self, keys: Sequence[str], changes: Sequence[Mapping[str, JSON]]) -> None:
        """Set fields of these items' metadata."""
        with self._writing:
            state = self._read()
            old = [state.metadata[row] for row in state.rows_of(keys)]
            self._state = state.updated(keys, [{**before, **new} for before, new in zip(old, changes, strict=True)])

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the items with these keys."""
        with self._writing:
            state = self._read()
            removed = set(state.rows_of(keys))
            self._state = state.only([row for row in range(state.count) if row not in removed])

    def search(
        self,
        queries: Mapping[str, NDArray[np.float32]],
        k: int,
        *,
        where: Condition | None = None,
        require: Require = "any",
    ) -> Answers:
        """Return the items with the largest sums of inner products for each query."""
        state = self._read()
        best = state.rows.best(queries, k, where, require)
        keys, metadata, rows = state.keys, state.metadata, best.rows.tolist()
        return Answers(
            keys=[[keys[row] for row in answer] for answer in rows],
            scores=best.scores,
            metadata=[[metadata[row] for row in answer] for answer in rows],
            parts=dict(zip(queries, best.parts, strict=True)),
        )

    def vacuum(self) -> None:
        """Do nothing: removing items has given their memory back."""
        self._read()

    def details(self) -> Mapping[str, JSON]:
        """Return the bytes of the vectors in memory."""
        columns = self._read().columns.values()
        return {"kind": "memory", "vector_bytes": sum(column.stored.nbytes for column in columns)}

    def close(self) -> None:
        """Free the items."""
        with self._writing:
            self._state = None

    def _read(self) -> State:
        if self._state is None:
            raise closed_error()
        return self._state
