"""Conditions on metadata as Milvus expressions.

Milvus knows true and false only, and says of a field that is not there now one, now the other. So each condition is
two expressions, one for where it is true and one for where it is false, both made of comparisons that are false where
the field is not there or of another kind. Names and text go as letters and digits alone: nothing needs an escape,
nothing of a condition is ever read as an expression, and text keeps its order.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from fashionsdk.search.query import And, Comparison, Condition, Containment, Existence, Not, Or, Scalar, comparable

LARGEST = 1.7976931348623157e308  # stands for whole numbers beyond it, which compare as infinite
_ELEMENTS, _THERE = "l", "there"  # lists of a field's elements; the fields that are not null
_SCALARS = (str, float, int)  # and bool, which is an int
_IS_A_LIST = ""  # an element of every list
MOST_LEVELS = 20  # of a condition; servers read expressions of some 40 levels, and ours have two for each
_LEAST = {"s": '""', "n": repr(-LARGEST)}  # of a kind's values
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class Truth(NamedTuple):
    """Where a condition is true, and where it is false; elsewhere it is unknown."""

    true: str
    false: str


def expression(condition: Condition) -> str | None:
    """Return an expression for the items that meet a condition; ``None`` if it is nested too deeply for servers."""
    return _truth(condition).true if _levels(condition) <= MOST_LEVELS else None


def joined_by(word: str, parts: Sequence[str]) -> str:
    """Join expressions by ``and`` or ``or``, as a tree of few levels: servers read no deep one."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return f"({joined_by(word, parts[:middle])} {word} {joined_by(word, parts[middle:])})"


def fields_json(entry: Mapping[str, Any]) -> dict[str, object]:
    """Return an item's metadata as the JSON that expressions look into: what conditions look at, and no more."""
    fields: dict[str, object] = {_THERE: [_name(name) for name, value in entry.items() if value is not None]}
    for name, value in entry.items():
        if isinstance(value, _SCALARS):
            fields[_key(value, name)] = _plain(value)
        elif isinstance(value, (list, tuple)):
            elements = [_element(each) for each in value if isinstance(each, _SCALARS)]
            fields[f"{_ELEMENTS}_{_name(name)}"] = [_IS_A_LIST, *elements]
    return fields


def _truth(condition: Condition) -> Truth:
    if isinstance(condition, And):
        parts = list(map(_truth, condition.parts))
        return Truth(joined_by("and", [each.true for each in parts]), joined_by("or", [each.false for each in parts]))
    if isinstance(condition, Or):
        parts = [*map(_one_of, _alternatives(condition).items()), *map(_truth, _others(condition))]
        return Truth(joined_by("or", [each.true for each in parts]), joined_by("and", [each.false for each in parts]))
    if isinstance(condition, Not):
        return Truth(*reversed(_truth(condition.part)))
    if isinstance(condition, Existence):
        there = f'json_contains(fields["{_THERE}"], "{_name(condition.field)}")'
        return Truth(there, f"(not {there})")
    if isinstance(condition, Containment):
        elements = f'fields["{_ELEMENTS}_{_name(condition.field)}"]'
        found = f"json_contains({elements}, {json.dumps(_element(condition.value))})"
        return Truth(found, f'(json_contains({elements}, "{_IS_A_LIST}") and not {found})')
    assert isinstance(condition, Comparison), "conditions are tests, or made of conditions"
    return _comparison(condition)


def _is_alternative(condition: Condition) -> bool:
    equal = isinstance(condition, Comparison) and condition.operator == "="
    return equal and not isinstance(condition.value, bool)  # type: ignore[attr-defined]  # tested before


def _alternatives(condition: Or) -> dict[str, list[str]]:
    """Return field -> the texts of the values that it may have, any of them."""
    found: dict[str, list[str]] = {}
    for part in filter(_is_alternative, condition.parts):
        assert isinstance(part, Comparison), "so are alternatives"
        found.setdefault(_key(part.value, part.field), []).append(json.dumps(_plain(part.value)))
    return found


def _others(condition: Or) -> list[Condition]:
    return [part for part in condition.parts if not _is_alternative(part)]


def _one_of(alternative: tuple[str, list[str]]) -> Truth:
    """Return the truth of a field that has one of many values, which is looked up instead of compared with each."""
    key, values = alternative
    field, listed = f'fields["{key}"]', ", ".join(values)
    return Truth(f"{field} in [{listed}]", f"({field} >= {_LEAST[key[0]]} and {field} not in [{listed}])")


def _levels(condition: Condition) -> int:
    parts = condition.parts if isinstance(condition, And | Or) else ()
    parts = (condition.part,) if isinstance(condition, Not) else parts
    return 1 + max(map(_levels, parts), default=0)


def _comparison(condition: Comparison) -> Truth:
    field, value = f'fields["{_key(condition.value, condition.field)}"]', json.dumps(_plain(condition.value))
    if condition.operator in _OPPOSITE:
        return Truth(f"{field} {condition.operator} {value}", f"{field} {_OPPOSITE[condition.operator]} {value}")
    if isinstance(condition.value, bool):
        other = f"{field} == {json.dumps(not condition.value)}"
    else:
        other = f"({field} < {value} or {field} > {value})"  # what != says of a field that is not there differs
    truth = Truth(f"{field} == {value}", other)
    return truth if condition.operator == "=" else Truth(*reversed(truth))


def _key(value: Scalar | int, name: str) -> str:
    kind = "b" if isinstance(value, bool) else "s" if isinstance(value, str) else "n"
    return f"{kind}_{_name(name)}"


@lru_cache(10_000)
def _name(name: str) -> str:
    """Return a field's name in letters, digits and _."""
    return re.sub("[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):x}_", name)


def _plain(value: Scalar | int) -> str | float | bool:
    """Return a value as it is compared; the bytes of UTF-8 have the order of code points, and so have their digits."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").hex()
    number = comparable(value)
    assert isinstance(number, float), "numbers compare as floats"
    return max(-LARGEST, min(LARGEST, number))


def _element(value: Scalar | int) -> str:
    """Return a list's element as text, in which values of different kinds differ."""
    plain = _plain(value)
    if isinstance(plain, str):
        return f"s{plain}"
    return json.dumps(plain + 0.0 if isinstance(plain, float) else plain)  # 0.0 and -0.0 are equal
