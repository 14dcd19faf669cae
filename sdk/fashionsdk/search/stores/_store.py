"""The seam between a matcher and where its items are kept: memory today, a local folder or a database later."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search.query import Condition, Require
from fashionsdk.search.stores._contract import Contract

JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"


@dataclass(frozen=True, eq=False)
class Items:
    """N items that are written or read together.

    Attributes:
        keys: N different strings.
        vectors: attribute -> float32 ``(N, D_a)``, of length 1; a row of zeros for an item that lacks the attribute.
        metadata: N JSON objects.
    """

    keys: Sequence[str]
    vectors: Mapping[str, NDArray[np.float32]]
    metadata: Sequence[Mapping[str, JSON]]

    def at(self, rows: Sequence[int]) -> "Items":
        """Return some of the items; the arrays are copies."""
        vectors = {name: values[list(rows)] for name, values in self.vectors.items()}
        return Items([self.keys[row] for row in rows], vectors, [self.metadata[row] for row in rows])


@dataclass(frozen=True, eq=False)
class Answers:
    """The K best items for each of Q queries, best first.

    Attributes:
        keys: Q lists of K keys.
        scores: float32 ``(Q, K)``.
        metadata: Q lists of K JSON objects.
        parts: attribute -> what it adds to the scores, float32 ``(Q, K)``; NaN where the item lacks it.
    """

    keys: list[list[str]]
    scores: NDArray[np.float32]
    metadata: list[list[Mapping[str, JSON]]]
    parts: Mapping[str, NDArray[np.float32]]


class Store(Protocol):
    """Keeps items and finds the best ones. ``tests/sdk/search/stores/test_contract.py`` checks this for every store.

    The matcher checks what it hands over: types, unit length, the model's digest, keys that are not repeated.

    *Order*: items are ordered by when their keys were added. An item that is replaced keeps its place, one that is
    removed and added again goes to the end.

    *Writes* are atomic: on an error nothing changes, and a reader sees all items of a write or none. When a write
    returns, a store on disk has it on disk. Writes of several threads or processes take turns.

    *Reads* may run beside reads and writes, in any thread. A call answers from one state of the store, which holds
    every write that returned before the call began, those of other processes too.

    *Codec*: vectors come back, and are compared, as the contract's codec keeps them.

    After `close` every other call is a ``ValueError``. What the disk or the server does is a ``GalleryError``.
    """

    @property
    def contract(self) -> Contract:
        """What the vectors come from; fixed when the store is made."""

    def __len__(self) -> int:
        """Return G, the number of items."""

    def known(self, keys: Iterable[str]) -> set[str]:
        """Return those of the keys that items have."""

    def get(self, keys: Sequence[str], attributes: Iterable[str] | None = None) -> Items:
        """Return the items with these different keys, in the order given; the arrays are the caller's own.

        Args:
            keys: which items.
            attributes: whose vectors to read; ``None`` for all.

        Raises:
            ValueError: no item has one of the keys.
        """

    def items(self, attributes: Iterable[str] | None = None) -> Iterator[Items]:
        """Yield all items in order, as they were at the call, in batches of the store's choice; do not write to them.

        Args:
            attributes: whose vectors to read; ``None`` for all.
        """

    def add(self, items: Items, *, replace: bool = False) -> None:
        """Add items, with vectors for every attribute of the contract.

        Args:
            items: what to add.
            replace: whether items whose keys are stored take the place of those.

        Raises:
            ValueError: a key is stored already, without ``replace``.
        """

    def update(self, keys: Sequence[str], changes: Sequence[Mapping[str, JSON]]) -> None:
        """Set fields of these different items' metadata; fields that a change does not name stay.

        Raises:
            ValueError: no item has one of the keys.
        """

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the items with these keys.

        Raises:
            ValueError: no item has one of the keys.
        """

    def search(
        self,
        queries: Mapping[str, NDArray[np.float32]],
        k: int,
        *,
        where: Condition | None = None,
        require: Require = "any",
    ) -> Answers:
        """Return the K = min(k, candidates) items with the largest scores for each of Q queries.

        The score is the sum over the attributes of the inner products of query and item, rounded to float32 and not
        clipped. An attribute that an item lacks adds 0. Candidates are the items that meet the condition and have at
        least one of the queries' attributes, or all of them. Equal scores keep the items' order, also where K cuts
        them off. An answer does not depend on the other queries of the call.

        Args:
            queries: attribute -> float32 ``(Q, D_a)``, one attribute or more of the contract. Weights are multiplied in
                and may be negative, so a query has any length.
            k: 1 or more.
            where: what a candidate's metadata must meet; ``None`` for anything.
            require: ``"any"`` or ``"all"`` of the attributes.
        """

    def vacuum(self) -> None:
        """Tidy up: rebuild what speeds searches up, and give back space that removed items took. Changes no answer."""

    def details(self) -> Mapping[str, JSON]:
        """Return what there is to know beside the contract and the number of items, such as bytes on disk."""

    def close(self) -> None:
        """Wait for the calls that run in other threads, then free what the store holds. Closing twice does nothing."""


def stored_key_error(key: str) -> ValueError:
    """Return the error of `Store.add` for a key that is stored already."""
    return ValueError(f"key {key!r} is already in the gallery; remove it first, or choose another")


def unknown_key_error(key: str, count: int) -> ValueError:
    """Return the error for a key that none of the ``count`` items has."""
    return ValueError(f"no item has the key {key!r}; the gallery holds {count} items")


def closed_error() -> ValueError:
    """Return the error of every call after `Store.close`."""
    return ValueError("this gallery is closed; open it again")
