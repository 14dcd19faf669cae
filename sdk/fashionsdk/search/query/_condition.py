"""Conditions on an item's metadata, as a tree of values. Stores translate them; nothing in them is ever run.

Truth has three values, as in SQL: true (1), unknown (0) and false (-1). A test of a field that is missing, null or of
another kind than the test's value is unknown, and so is its negation. Items match where the whole is true.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from fashionsdk.search.query._scalars import (
    OPERATORS,
    Operator,
    Scalar,
    checked_scalar,
    comparable,
    compare,
    kind,
    name_text,
    value_text,
)

TRUE, UNKNOWN, FALSE = 1, 0, -1


class Condition:
    """A condition on an item's metadata; combine conditions with ``&``, ``|`` and ``~``.

    ``str(condition)`` is its text, which `parse_condition` reads back.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """They read the same. (As numbers, ``true`` and 1 would be equal.)"""
        return isinstance(other, Condition) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __and__(self, other: "Condition") -> "Condition":
        """Both hold."""
        return And((*_parts(And, self), *_parts(And, _checked(other))))

    def __or__(self, other: "Condition") -> "Condition":
        """At least one holds."""
        return Or((*_parts(Or, self), *_parts(Or, _checked(other))))

    def __invert__(self) -> "Condition":
        """It is false; where it is unknown, so is this."""
        return Not(self)

    def __bool__(self) -> bool:
        raise TypeError(
            f"the condition {self} has no truth value; combine conditions with & | ~, not with and, or, not"
        )


class Test(Condition, ABC):
    """A condition on one field alone. ``field`` is its name."""

    __slots__ = ()
    __test__ = False  # no class of tests, whatever pytest thinks of the name
    field: str

    @abstractmethod
    def truth(self, value: object) -> int:
        """Return the truth for the field's value, which is there."""


@dataclass(frozen=True, eq=False)
class Comparison(Test):
    """A field compared with a number, text or a truth value of its own kind.

    Numbers compare as float64, text by code points. Truth values know ``=`` and ``!=`` only.

    Raises:
        TypeError: the value is of another type.
        ValueError: the operator is unknown or does not fit, or the number is not finite.
    """

    field: str
    operator: Operator
    value: Scalar

    def __post_init__(self) -> None:
        """Check field, operator and value."""
        check_field(self.field)
        object.__setattr__(self, "value", checked_scalar(self.value))
        allowed = OPERATORS[:2] if isinstance(self.value, bool) else OPERATORS
        if self.operator not in allowed:
            raise ValueError(f"operator is {self.operator!r} for {self.value!r}; expected one of {' '.join(allowed)}")

    def __str__(self) -> str:
        return f"{name_text(self.field)} {self.operator} {value_text(self.value)}"

    def truth(self, value: object) -> int:
        """Compare a field's value."""
        if kind(value) != kind(self.value):
            return UNKNOWN
        left, right = comparable(value), comparable(self.value)
        return TRUE if compare(left, self.operator, right) else FALSE


@dataclass(frozen=True, eq=False)
class Containment(Test):
    """A field that is a list holds this number, text or truth value.

    Raises:
        TypeError: the value is of another type.
        ValueError: the number is not finite.
    """

    field: str
    value: Scalar

    def __post_init__(self) -> None:
        """Check field and value."""
        check_field(self.field)
        object.__setattr__(self, "value", checked_scalar(self.value))

    def __str__(self) -> str:
        return f"{name_text(self.field)} contains {value_text(self.value)}"

    def truth(self, value: object) -> int:
        """Look the value up in a list; whatever is no list is unknown."""
        if not isinstance(value, (list, tuple)):
            return UNKNOWN
        wanted = kind(self.value), comparable(self.value)
        found = any(kind(each) == wanted[0] and comparable(each) == wanted[1] for each in value)
        return TRUE if found else FALSE


@dataclass(frozen=True, eq=False)
class Existence(Test):
    """A field is there and not null. This is never unknown."""

    field: str

    def __post_init__(self) -> None:
        """Check the field."""
        check_field(self.field)

    def __str__(self) -> str:
        return f"{name_text(self.field)} exists"

    def truth(self, value: object) -> int:
        """Tell whether it is null."""
        return FALSE if value is None else TRUE


@dataclass(frozen=True, eq=False)
class Combination(Condition):
    """Several conditions as one."""

    parts: tuple[Condition, ...]

    def __post_init__(self) -> None:
        """Check the parts."""
        _check_parts(self.parts)


class And(Combination):
    """All parts hold."""

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, Combination) else str(part) for part in self.parts)


class Or(Combination):
    """At least one part holds."""

    def __str__(self) -> str:
        return " or ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True, eq=False)
class Not(Condition):
    """The part is false."""

    part: Condition

    def __post_init__(self) -> None:
        """Check the part."""
        _checked(self.part)

    def __str__(self) -> str:
        return f"not ({self.part})"


def holds(condition: Condition, entry: Mapping[str, object]) -> bool:
    """Tell whether an item with these metadata meets a condition."""
    return _truth(condition, entry) == TRUE


def _truth(condition: Condition, entry: Mapping[str, object]) -> int:
    if isinstance(condition, And):
        return min(_truth(part, entry) for part in condition.parts)
    if isinstance(condition, Or):
        return max(_truth(part, entry) for part in condition.parts)
    if isinstance(condition, Not):
        return -_truth(condition.part, entry)
    assert isinstance(condition, Test), "conditions are tests, or made of conditions"
    return condition.truth(entry.get(condition.field))


def _checked(value: object) -> Condition:
    if not isinstance(value, Condition):
        raise TypeError(f"{value!r:.60} is no condition; expected one such as field('price') <= 50, in parentheses")
    return value


def _check_parts(parts: object) -> None:
    if not isinstance(parts, tuple) or not parts:
        raise TypeError(f"parts is {parts!r:.60}; expected a tuple of conditions, at least one")
    for part in parts:
        _checked(part)


def _parts(kind: type[And] | type[Or], condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, kind) else (condition,)


def check_field(name: object) -> None:
    """Check a field's name.

    Raises:
        TypeError: it is no string.
        ValueError: it is empty.
    """
    if not isinstance(name, str):
        raise TypeError(f"field is {name!r:.60}; expected a name such as 'price'")
    if not name:
        raise ValueError("field is empty; expected a name such as 'price'")
