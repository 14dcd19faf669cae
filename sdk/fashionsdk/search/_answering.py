"""From a query to matches: examples become one vector for each attribute, and answers are cut, grouped and paged."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search._matches import Matches
from fashionsdk.search.query import Query
from fashionsdk.search.stores import JSON, Answers, Store

GROWTH = 4  # how many times as many answers are asked for when too few are left


@dataclass(frozen=True, eq=False)
class Request:
    """A query whose examples have been looked up.

    Attributes:
        query: what was asked.
        vectors: attribute -> the weighted sum of the examples' vectors, float32 ``(Q, D_a)``.
        weights: attribute -> the sum of the sizes of its weights.
        own: for each query the items that are examples by key: key -> metadata.
    """

    query: Query
    vectors: Mapping[str, NDArray[np.float32]]
    weights: Mapping[str, float]
    own: Sequence[Mapping[str, Mapping[str, JSON]]]


def answer(store: Store, request: Request) -> Matches:
    """Return a store's answers to a request.

    Raises:
        ValueError: queries exclude so many items that answers would differ in length, and nothing else makes them.
    """
    query = request.query
    rules = [_Rules.of(query, position, own) for position, own in enumerate(request.own)]
    excluded = [rule.excluded for rule in rules]
    wanted = query.offset + query.k
    answers, kept = _enough(store, request, rules, wanted + max(map(len, excluded), default=0))
    kept = [places[query.offset : wanted] for places in kept]
    if query.least is not None:
        floor = query.least
        pairs = zip(kept, answers.scores, strict=True)
        kept = [[place for place in places if row[place] >= floor] for places, row in pairs]
    found = answers.scores.shape[1]
    if not _may_differ(query):
        _check_equal_lengths(query, [len(places) for places in kept])
    empty = min(query.k, max(0, found - query.offset))
    return _matches(request, answers, kept, max(map(len, kept), default=empty))


def matches_of(attribute: str, answers: Answers) -> Matches:
    """Return one attribute's answers with their scores as cosines, which rounding may have put beyond -1 and 1."""
    scores = answers.scores.clip(-1, 1)
    return Matches(attribute, answers.keys, scores, answers.metadata, {attribute: scores}, {attribute: 1.0})


@dataclass(frozen=True)
class _Rules:
    """Which items are answers to one query.

    Attributes:
        excluded: keys of items that are none.
        same: a field of the metadata, and the values that exclude an item; "" for none.
        groups: a field of the metadata of which each value may be there once; "" for none.
    """

    excluded: Collection[str]
    same: str
    values: Collection[str]
    groups: str

    @classmethod
    def of(cls, query: Query, position: int, own: Mapping[str, Mapping[str, JSON]]) -> "_Rules":
        excluded = frozenset(query.exclude[position] if isinstance(query.exclude, Sequence) else ())
        if query.exclude_self:
            excluded |= frozenset(own)
        same = query.exclude_same or (query.group_by if query.exclude_self else None) or ""
        values = {_text(entry[same]) for entry in own.values() if entry.get(same) is not None} if same else ()
        return cls(excluded, same, values, query.group_by or "")

    def places(self, keys: Sequence[str], metadata: Sequence[Mapping[str, JSON]]) -> Iterator[int]:
        """Yield the places of a query's answers that stay."""
        seen = set[str]()
        for place, (key, entry) in enumerate(zip(keys, metadata, strict=True)):
            if key in self.excluded or (self.values and _text(entry.get(self.same)) in self.values):
                continue
            if self.groups and (value := entry.get(self.groups)) is not None:
                if (text := _text(value)) in seen:
                    continue
                seen.add(text)
            yield place


def _enough(store: Store, request: Request, rules: Sequence[_Rules], count: int) -> tuple[Answers, list[list[int]]]:
    """Return answers, and which of them stay: as many as wanted, or all that there are.

    The store is asked for more until enough are left, so that it needs no groups of its own.
    """
    query = request.query
    while True:
        answers = store.search(request.vectors, count, where=query.where, require=query.require)
        kept = [
            list(rule.places(keys, metadata))
            for rule, keys, metadata in zip(rules, answers.keys, answers.metadata, strict=True)
        ]
        pairs = zip(answers.scores, kept, strict=True)
        if answers.scores.shape[1] < count or all(_is_enough(query, scores, places) for scores, places in pairs):
            return answers, kept
        count *= GROWTH


def _is_enough(query: Query, scores: NDArray[np.float32], kept: list[int]) -> bool:
    below = query.least is not None and bool(scores[-1] < query.least)
    return below or len(kept) >= query.offset + query.k


def _may_differ(query: Query) -> bool:
    return query.least is not None or bool(query.group_by or query.exclude_self or query.exclude_same)


def _check_equal_lengths(query: Query, lengths: Sequence[int]) -> None:
    shortest, longest = min(lengths, default=0), max(lengths, default=0)
    if shortest < longest:
        raise ValueError(
            f"k is {query.k}, and {shortest} to {longest} items are left for each query; expected k to be at most "
            f"{shortest}, or a call for each query"
        )


def _matches(request: Request, answers: Answers, kept: Sequence[list[int]], length: int) -> Matches:
    bound = np.float32(sum(request.weights.values()))
    scores = _picked(answers.scores.clip(-bound, bound), kept, length)
    return Matches(
        attribute=", ".join(request.vectors),
        keys=[[keys[place] for place in places] for keys, places in zip(answers.keys, kept, strict=True)],
        scores=scores,
        metadata=[[rows[place] for place in places] for rows, places in zip(answers.metadata, kept, strict=True)],
        by_attribute={
            name: _picked((part / np.float32(request.weights[name])).clip(-1, 1), kept, length)
            for name, part in answers.parts.items()
        },
        weights=dict(request.weights),
    )


def _picked(values: NDArray[np.float32], kept: Sequence[list[int]], length: int) -> NDArray[np.float32]:
    """Return the values of the places that stay, ``(Q, K)``, with NaN after them."""
    if all(places == [*range(length)] for places in kept):
        return values[:, :length]
    picked = np.full((len(kept), length), np.nan, np.float32)
    for row, places, target in zip(values, kept, picked, strict=True):
        target[: len(places)] = row[places]
    return picked


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
