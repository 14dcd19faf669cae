"""One search, whole: examples, a condition on metadata, and which answers to return."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from fashionsdk._tools.whole_number import whole_number
from fashionsdk.embeddings import Embeddings
from fashionsdk.search.query._condition import Condition
from fashionsdk.search.query._example import Example, check_embeddings, checked_values

Require: TypeAlias = Literal["any", "all"]


@dataclass(frozen=True, eq=False)
class Query:
    """What is asked of a gallery. `Matcher.search` makes one of its arguments, and `Matcher.ask` answers it.

    Attributes:
        examples: what answers shall be like or stay away from. Each holds Q photos or items, or one for all Q queries.
        k: how many answers to return for each query, at most.
        offset: how many of the best answers to pass over before, for the next page.
        where: a condition that an answer's metadata must meet; ``None`` for any.
        require: ``"any"``: an answer has at least one of the attributes asked for; ``"all"``: it has all of them.
        least: answers with smaller scores are left out; ``None`` for no bound.
        group_by: a field of the metadata: of items with the same value only the best is an answer. An item without the
            field is a group of its own.
        exclude: for each query the keys of items that are no answers; for one query also its keys alone.
        exclude_self: leave out the queries' own items; with ``group_by``, also their groups.
        exclude_same: a field of the metadata, such as ``"product"``: items with the same value as the query's own are
            no answers.
        own: keys of stored items that the photos are of, one for each query; for one query also its key alone. The
            queries' own items are these, and the examples by key.

    Raises:
        TypeError: an argument is of another type.
        ValueError: an argument is out of its range, or the examples hold different numbers of photos.
    """

    examples: tuple[Example, ...]
    k: int = 10
    offset: int = 0
    where: Condition | None = None
    require: Require = "any"
    least: float | None = None
    group_by: str | None = None
    exclude: Collection[str] | Sequence[Collection[str]] | None = None
    exclude_self: bool = False
    exclude_same: str | None = None
    own: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Check the arguments, and keep copies that nobody changes."""
        _set(self, "k", whole_number(self.k, "k"))
        _set(self, "offset", whole_number(self.offset, "offset", least=0))
        if self.where is not None and not isinstance(self.where, Condition):
            hint = ": parse_condition reads text" if isinstance(self.where, str) else ""
            raise TypeError(f"where is {self.where!r:.60}; expected a condition such as field('price') <= 50{hint}")
        if self.require not in get_args(Require):
            raise ValueError(f"require is {self.require!r}; expected 'any' or 'all'")
        if self.least is not None:
            _set(self, "least", _finite(self.least))
        for name in ("group_by", "exclude_same"):
            if (value := getattr(self, name)) is not None and (not isinstance(value, str) or not value):
                raise TypeError(f"{name} is {value!r:.60}; expected a field's name, such as 'product'")
        _check_examples(self.examples)
        if self.own is not None:
            _set(self, "own", _own_keys(self.own, self.count))
        if self.exclude is not None:
            _set(self, "exclude", tuple(excluded_keys(self.exclude, self.count)))

    @property
    def count(self) -> int:
        """Q, the number of queries."""
        lengths = {len(example) for example in self.examples}
        return max(lengths) if 0 not in lengths else 0


def query_of(
    query: object,
    *,
    attribute: str | None,
    by: str | Mapping[str, float] | None,
    keys: str | Sequence[str] | None,
    value: Mapping[str, str] | None = None,
    change: Mapping[str, str] | None = None,
    attributes: Sequence[str] = (),
) -> tuple[Example, ...]:
    """Return the examples that the arguments of `Matcher.search` stand for; ``attributes`` are the gallery's.

    Raises:
        TypeError: there is no query, or more than one.
        ValueError: ``attribute`` and ``by`` are both given, or beside examples, which have their own.
    """
    if value is not None:
        if query is not None or keys is not None or change is not None:
            raise TypeError("value is given beside a query, keys or change; expected it alone, or change=")
        return (Example(value=value, by=attribute if by is None else by),)
    if change is not None:
        chosen = _all_attributes(query, attributes) if attribute is None and by is None else by
        unchanged = query_of(query, attribute=attribute, by=chosen, keys=keys)
        if len(unchanged) > 1 or isinstance(query, Example):
            raise ValueError("change is given beside examples; expected Example(value=...) among them")
        return _changed(unchanged[0], checked_values(change, "change"))
    if attribute is not None and not isinstance(attribute, str):
        raise TypeError(f"attributes is {attribute!r:.60}; expected a name, or weights by name in by=")
    if attribute is not None and by is not None:
        raise ValueError(f"attribute is {attribute!r} and by is {by!r}; expected one of them")
    chosen = attribute if by is None else by
    examples = (query,) if isinstance(query, Example) else query
    if isinstance(examples, Sequence) and examples and all(isinstance(each, Example) for each in examples):
        if chosen is not None:
            raise ValueError(f"by is {chosen!r} beside examples, which have their own; expected Example(photo, by)")
        if keys is not None:
            raise TypeError("query and keys are both given; expected one of them, or Example(keys=...) in the query")
        return tuple(examples)
    if keys is not None and query is not None:
        raise TypeError("query and keys are both given; expected one of them, or a list of examples")
    if keys is not None:
        return (Example(by=chosen, keys=keys),)
    check_embeddings(query, "query")
    return (Example(query, chosen),)  # type: ignore[arg-type]  # just checked


def _all_attributes(query: object, attributes: Sequence[str]) -> dict[str, float]:
    return dict.fromkeys(query.attributes if isinstance(query, Embeddings) else attributes, 1.0)


def _changed(example: Example, change: Mapping[str, str]) -> tuple[Example, ...]:
    """Return an example without the attributes that change, and one for their values.

    A changed attribute that has no weight counts as much as all others together, for the answer shall have the value.
    """
    weights = dict(example.weights(()))
    kept = {name: weight for name, weight in weights.items() if name not in change}
    others = sum(abs(weight) for weight in kept.values()) or 1.0
    wanted = Example(value=change, by=dict.fromkeys(change, others))
    return (Example(example.photo, kept, example.keys), wanted) if kept else (wanted,)


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


def _check_examples(examples: object) -> None:
    if not isinstance(examples, tuple) or not all(isinstance(example, Example) for example in examples):
        raise TypeError(f"examples is {type(examples).__name__}; expected a tuple of Example")
    if not examples:
        raise ValueError("examples is empty; expected at least one")
    lengths = {len(example) for example in examples}
    if len(lengths - {1}) > 1:
        raise ValueError(
            f"the examples hold {sorted(lengths)} photos; expected as many in each, or one for all queries"
        )


def _own_keys(own: object, queries: int) -> tuple[str, ...]:
    keys = (own,) if isinstance(own, str) else own
    if not isinstance(keys, Sequence) or not all(isinstance(key, str) for key in keys):
        raise TypeError(f"own is {type(own).__name__}; expected the key of a stored item for each query")
    if len(keys) != queries:
        raise ValueError(f"own has {len(keys)} keys for {queries} queries; expected one for each query")
    return tuple(keys)


def _finite(least: object) -> float:
    if isinstance(least, bool) or not hasattr(least, "__float__"):
        raise TypeError(f"least is {least!r:.60}; expected a score, or None for no bound")
    score = float(least)
    if not math.isfinite(score):
        raise ValueError(f"least is {score}; expected a finite score, or None for no bound")
    return score


def _set(query: Query, name: str, value: object) -> None:
    object.__setattr__(query, name, value)
