"""A field of the metadata, from which conditions are made with Python's own signs."""

from collections.abc import Iterable, Sequence

from fashionsdk.search.query._condition import (
    Comparison,
    Condition,
    Containment,
    Existence,
    Or,
    check_field,
)
from fashionsdk.search.query._scalars import Scalar


class Field:
    """A field of the metadata, from which conditions are made: ``field("price") <= 50``."""

    __slots__ = ("_name",)
    __array_ufunc__ = None  # NumPy's numbers on the left leave the comparison to the field
    __hash__ = None  # type: ignore[assignment]  # == makes a condition

    def __init__(self, name: str) -> None:
        check_field(name)
        self._name = name

    def __repr__(self) -> str:
        return f"field({self._name!r})"

    def __eq__(self, value: object) -> Condition:  # type: ignore[override]
        """It equals a number, text or truth value."""
        return Comparison(self._name, "=", value)  # type: ignore[arg-type]

    def __ne__(self, value: object) -> Condition:  # type: ignore[override]
        """It is of the value's kind, and another one."""
        return Comparison(self._name, "!=", value)  # type: ignore[arg-type]

    def __lt__(self, value: Scalar) -> Condition:
        """It is less than a number, or before a text."""
        return Comparison(self._name, "<", value)

    def __le__(self, value: Scalar) -> Condition:
        """It is at most this."""
        return Comparison(self._name, "<=", value)

    def __gt__(self, value: Scalar) -> Condition:
        """It is more than this."""
        return Comparison(self._name, ">", value)

    def __ge__(self, value: Scalar) -> Condition:
        """It is at least this."""
        return Comparison(self._name, ">=", value)

    def between(self, low: Scalar, high: Scalar) -> Condition:
        """It is at least ``low`` and at most ``high``."""
        return (self >= low) & (self <= high)

    def one_of(self, values: Iterable[Scalar]) -> Condition:
        """It equals one of the values, at least one.

        Raises:
            TypeError: the values are one string.
            ValueError: there is none.
        """
        if isinstance(values, str):
            raise TypeError(f"values is the string {values!r}; expected a list of values")
        equal: Sequence[Condition] = [self == value for value in values]
        if not equal:
            raise ValueError(f"no value for {self._name!r}; expected at least one")
        return equal[0] if len(equal) == 1 else Or(tuple(equal))

    def contains(self, value: Scalar) -> Condition:
        """It is a list that holds the value."""
        return Containment(self._name, value)

    def exists(self) -> Condition:
        """It is there and not null."""
        return Existence(self._name)


def field(name: str) -> Field:
    """Return a field of the metadata, such as ``field("price")``, to make conditions with.

    Raises:
        TypeError: the name is no string.
        ValueError: it is empty.
    """
    return Field(name)
