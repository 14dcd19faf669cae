"""Put lists that another search found in order of one attribute."""

from collections.abc import Container, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.whole_number import whole_number
from fashionsdk.search._checks import distinct_strings
from fashionsdk.search.scan import rank_lists
from fashionsdk.search.stores import Answers, Store

OnUnknown: TypeAlias = Literal["raise", "skip"]


def rerank_lists(
    store: Store, attribute: str, queries: NDArray[np.float32], lists: Sequence[Sequence[str]], k: int | None
) -> Answers:
    """Return the best of each query's own list of keys; equal scores keep the list's order.

    Raises:
        ValueError: a key is unknown, ``k`` is below 1, or the lists do not all have as many keys.
    """
    keys = list(dict.fromkeys(key for given in lists for key in given))
    items = store.get(keys, [attribute])
    places = {key: place for place, key in enumerate(keys)}
    given = [[places[key] for key in given] for given in lists]
    rows, scores = rank_lists(queries, items.vectors[attribute], given, _checked_length(lists, k))
    return Answers(
        keys=[[keys[row] for row in best] for best in rows.tolist()],
        scores=scores,
        metadata=[[items.metadata[row] for row in best] for best in rows.tolist()],
        parts={attribute: scores},
    )


def checked_lists(keys: Sequence[str] | Sequence[Sequence[str]], queries: int) -> list[list[str]]:
    """Return a list of different keys for each query; a list of keys alone is one query's.

    Raises:
        TypeError: these are not lists of strings.
        ValueError: another number of lists than of queries, or a key is twice in a list.
    """
    if isinstance(keys, str) or not isinstance(keys, Sequence):
        raise TypeError(f"keys is {type(keys).__name__}; expected a list of keys, or one for each query")
    alone = all(isinstance(key, str) for key in keys) and (queries == 1 or len(keys) > 0)
    lists = [_checked_list(given) for given in ([keys] if alone else keys)]
    if len(lists) != queries:
        raise ValueError(f"{len(lists)} lists of keys for {queries} queries; expected one for each query")
    return lists


def known_lists(lists: list[list[str]], gallery: Container[str], on_unknown: OnUnknown) -> list[list[str]]:
    """Return the lists: as they are, or with ``on_unknown="skip"`` without the keys that the gallery lacks.

    Raises:
        ValueError: ``on_unknown`` is neither ``"raise"`` nor ``"skip"``.
    """
    if on_unknown not in ("raise", "skip"):
        raise ValueError(f"on_unknown is {on_unknown!r}; expected 'raise' or 'skip'")
    return lists if on_unknown == "raise" else [[key for key in given if key in gallery] for given in lists]


def _checked_length(lists: Sequence[Sequence[str]], k: int | None) -> int:
    """Return how many keys of each list to return: ``min(k, its length)``, or all for None; 0 without lists."""
    if k is not None:
        k = whole_number(k, "k", otherwise="None for all")
    lengths = {len(given) if k is None else min(k, len(given)) for given in lists}
    if len(lengths) > 1:
        raise ValueError(
            f"the lists hold {min(map(len, lists))} to {max(map(len, lists))} known keys and k is {k}; expected a k "
            "that every list has, lists of one length, or a call for each query"
        )
    return lengths.pop() if lengths else 0


def _checked_list(keys: object) -> list[str]:
    return distinct_strings(
        keys,
        expected="keys must be lists of strings: one for each query, or for one query its list alone",
        repeated="twice in a list; expected each item once",
    )
