"""Leave items out of a search's answers, such as the query's own."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search.stores import Answers, Store


def search_without(
    store: Store, queries: Mapping[str, NDArray[np.float32]], k: int, excluded: Sequence[Collection[str]]
) -> Answers:
    """Return each query's best items that it does not exclude, at most ``k``.

    The store is asked for as many more as a query excludes at most, so it needs no search of its own for this.

    Raises:
        ValueError: answers would differ in length, since the gallery holds too few items.
    """
    answers = store.search(queries, k + max(map(len, excluded), default=0))
    found = answers.scores.shape[1]
    kept = [
        [place for place, key in enumerate(keys) if key not in left_out][:k]
        for keys, left_out in zip(answers.keys, excluded, strict=True)
    ]
    shortest, longest = (pick(map(len, kept), default=min(k, found)) for pick in (min, max))
    if shortest < longest:
        raise ValueError(
            f"k is {k}, and {shortest} to {longest} items are left for each query; expected k to be at most "
            f"{shortest}, or a call for each query"
        )
    places = np.array(kept, np.int64).reshape(len(kept), shortest)
    return Answers(
        keys=[[keys[place] for place in row] for keys, row in zip(answers.keys, kept, strict=True)],
        scores=np.take_along_axis(answers.scores, places, axis=1),
        metadata=[[entries[place] for place in row] for entries, row in zip(answers.metadata, kept, strict=True)],
    )


def excluded_keys(exclude: object, queries: int) -> list[Collection[str]]:
    """Return the keys that each query excludes; keys alone are one query's.

    Raises:
        TypeError: these are not collections of strings.
        ValueError: another number of them than of queries.
    """
    expected = "expected a list of keys for each query, such as its own; for one query also its list alone"
    if isinstance(exclude, str) or not isinstance(exclude, Collection):
        raise TypeError(f"exclude is {type(exclude).__name__}; {expected}")
    alone = queries == 1 and all(isinstance(key, str) for key in exclude)
    if not alone and not isinstance(exclude, Sequence):
        raise TypeError(f"exclude is {type(exclude).__name__}, which has no order; {expected}")
    lists = [_keys(given, expected) for given in ([exclude] if alone else exclude)]
    if len(lists) != queries:
        raise ValueError(f"exclude has {len(lists)} lists of keys for {queries} queries; {expected}")
    return lists


def _keys(given: object, expected: str) -> Collection[str]:
    if isinstance(given, str) or not isinstance(given, Collection) or not all(isinstance(key, str) for key in given):
        raise TypeError(f"exclude holds {given!r}; {expected}")
    return frozenset(given)
