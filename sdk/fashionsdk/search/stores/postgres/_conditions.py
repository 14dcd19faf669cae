"""Conditions on metadata as SQL, with the same three values of truth."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql

from fashionsdk.search.query import And, Comparison, Condition, Containment, Existence, Not, Or, Scalar, comparable

LARGEST = 1.7976931348623157e308  # stands for whole numbers beyond it, which compare as infinite

# Text in jsonb can hold neither NUL nor half a surrogate pair. They, and the mark itself, are written with a mark.
_MARK = "\ue0ff"
_FORBIDDEN = re.compile("[\0\ud800-\udfff\ue0ff]")


def fields_text(entry: Mapping[str, Any]) -> str:
    """Return an item's metadata as JSON for the database to filter by: what conditions look at, and no more."""
    return json.dumps({_plain_text(name): _field(value) for name, value in entry.items()}, allow_nan=False)


class ConditionSQL:
    """A condition as an SQL expression that is true, false or unknown as the condition is.

    Names and values are parameters; no text of a condition is ever part of the statement.

    Attributes:
        expression: with named placeholders.
        parameters: placeholder -> value.
    """

    def __init__(self, condition: Condition) -> None:
        self.parameters: dict[str, object] = {}
        self.expression = self._of(condition)

    def _of(self, condition: Condition) -> sql.Composable:
        if isinstance(condition, And | Or):
            word = " AND " if isinstance(condition, And) else " OR "
            return sql.SQL("({})").format(sql.SQL(word).join(map(self._of, condition.parts)))
        if isinstance(condition, Not):
            return sql.SQL("(NOT {})").format(self._of(condition.part))
        if isinstance(condition, Existence):
            return sql.SQL("(coalesce(jsonb_typeof({}), 'null') <> 'null')").format(self._value(condition.field))
        if isinstance(condition, Containment):
            wanted = self._parameter(json.dumps([_field(condition.value)]))
            test = sql.SQL("{} @> {}::text::jsonb").format(self._value(condition.field), wanted)
            return self._of_kind(condition.field, "array", test)
        assert isinstance(condition, Comparison), "conditions are tests, or made of conditions"
        return self._comparison(condition)

    def _comparison(self, condition: Comparison) -> sql.Composable:
        name, value, operator = condition.field, condition.value, sql.SQL(_OPERATORS[condition.operator])
        if isinstance(value, bool):
            test = sql.SQL("{}::boolean {} {}::boolean").format(self._text(name), operator, self._parameter(value))
            return self._of_kind(name, "boolean", test)
        if isinstance(value, str):
            wanted = self._parameter(_plain_text(value))
            test = sql.SQL('{} COLLATE "C" {} {}::text').format(self._text(name), operator, wanted)
            return self._of_kind(name, "string", test)
        wanted = self._parameter(_number(value))
        test = sql.SQL("{}::float8 {} {}::float8").format(self._text(name), operator, wanted)
        return self._of_kind(name, "number", test)

    def _of_kind(self, name: str, kind: str, test: sql.Composable) -> sql.Composable:
        """Return a test that is unknown for a field of another kind; CASE keeps the server from casting it first."""
        wanted = sql.SQL("{}::text").format(self._parameter(kind))
        return sql.SQL("(CASE WHEN jsonb_typeof({}) = {} THEN {} END)").format(self._value(name), wanted, test)

    def _value(self, name: str) -> sql.Composable:
        return sql.SQL("(fields -> {}::text)").format(self._parameter(_plain_text(name)))

    def _text(self, name: str) -> sql.Composable:
        return sql.SQL("(fields ->> {}::text)").format(self._parameter(_plain_text(name)))

    def _parameter(self, value: object) -> sql.Composable:
        name = f"c{len(self.parameters)}"
        self.parameters[name] = value
        return sql.Placeholder(name)


_OPERATORS: Mapping[str, Any] = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _field(value: object) -> object:
    """Return a metadata field as it is filtered by; of what conditions do not look into, only that it is there."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, str):
        return _plain_text(value)
    if isinstance(value, Sequence):
        return [_field(each) if isinstance(each, Scalar | int) else {} for each in value]
    return {}


def _number(value: float) -> float:
    number = comparable(value)
    assert isinstance(number, float), "numbers compare as floats"
    return max(-LARGEST, min(LARGEST, number))


def _plain_text(text: str) -> str:
    return _FORBIDDEN.sub(lambda found: f"{_MARK}{ord(found[0]):04x}", text)
