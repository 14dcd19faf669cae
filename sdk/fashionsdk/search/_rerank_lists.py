"""The lists that a re-ranking starts from: what another search found for each query."""

from collections.abc import Container, Sequence
from operator import index
from typing import Literal, TypeAlias

OnUnknown: TypeAlias = Literal["raise", "skip"]


def checked_lists(keys: Sequence[str] | Sequence[Sequence[str]], queries: int) -> list[list[str]]:
    """Return a list of different keys for each query; a list of keys alone is one query's.

    Raises:
        TypeError: these are not lists of strings.
        ValueError: another number of lists than of queries, or a key is twice in a list.
    """
    if isinstance(keys, str) or not isinstance(keys, Sequence):
        raise TypeError(f"keys is {type(keys).__name__}; expected a list of keys, or one for each query")
    alone = all(isinstance(key, str) for key in keys) and (queries == 1 or len(keys) > 0)
    lists = [_checked_list(keys)] if alone else [_checked_list(given) for given in keys]
    if len(lists) != queries:
        raise ValueError(f"{len(lists)} lists of keys for {queries} queries; expected one for each query")
    return lists


def known_lists(lists: list[list[str]], gallery: Container[str], on_unknown: OnUnknown) -> list[list[str]]:
    """Return the lists without the keys that the gallery lacks if these are to be skipped, or else as they are.

    Raises:
        ValueError: ``on_unknown`` is neither.
    """
    if on_unknown not in ("raise", "skip"):
        raise ValueError(f"on_unknown is {on_unknown!r}; expected 'raise' or 'skip'")
    return lists if on_unknown == "raise" else [[key for key in given if key in gallery] for given in lists]


def checked_count(lists: Sequence[Sequence[str]], k: int | None) -> int:
    """Return how many keys of each list to keep: ``min(k, its length)``, or all for None; 0 without lists.

    Raises:
        ValueError: ``k`` is below 1, or the lists do not all have as many.
    """
    if k is not None and index(k) < 1:
        raise ValueError(f"k is {k}; expected 1 or more, or None for all")
    counts = {len(given) if k is None else min(k, len(given)) for given in lists}
    if len(counts) > 1:
        raise ValueError(
            f"the lists hold {min(map(len, lists))} to {max(map(len, lists))} known keys and k is {k}; expected a k "
            "that every list has, lists of one length, or a call for each query"
        )
    return counts.pop() if counts else 0


def _checked_list(keys: object) -> list[str]:
    if isinstance(keys, str) or not isinstance(keys, Sequence) or not all(isinstance(key, str) for key in keys):
        raise TypeError("keys must be lists of strings: one for each query, or for one query its list alone")
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"key {key!r} is twice in a list; expected each item once")
        seen.add(key)
    return list(keys)
