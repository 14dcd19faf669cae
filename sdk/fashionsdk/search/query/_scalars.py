"""The values that conditions compare: numbers, text and truth values, which do not compare with each other."""

import json
import math
import re
from typing import Any, Literal, TypeAlias, get_args

Scalar: TypeAlias = str | float | bool
Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]

OPERATORS: tuple[str, ...] = get_args(Operator)
KEYWORDS = frozenset(("and", "or", "not", "in", "between", "contains", "exists", "true", "false"))
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")


def kind(value: object) -> str:
    """Return the kind of a JSON value: values of different kinds do not compare."""
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else type(value).__name__


def comparable(value: object) -> object:
    """Return a value as it compares with others of its kind: whole numbers as float64."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:  # JSON's whole numbers have no bound
            return math.inf if value > 0 else -math.inf
    return value


def compare(left: object, operator: Operator, right: object) -> bool:
    """Compare two values of one kind."""
    if operator in ("=", "!="):
        return (left == right) == (operator == "=")
    before = left < right  # type: ignore[operator]
    if operator == "<" or operator == ">=":
        return bool(before) == (operator == "<")
    return bool(before or left == right) == (operator == "<=")


def checked_scalar(value: Any) -> Scalar:
    """Return a value as conditions hold it: numbers as float64.

    Raises:
        TypeError: it is neither number, text nor truth value.
        ValueError: the number is not finite.
    """
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item()  # NumPy's numbers
    if isinstance(value, (str, bool)):
        return value
    if not isinstance(value, (int, float)):
        raise TypeError(f"value is {value!r:.60}; expected a number, text, True or False")
    number = comparable(value)
    assert isinstance(number, float), "numbers compare as floats"
    if not math.isfinite(number):
        raise ValueError(f"value is {value!r:.60}; expected a finite number")
    return number


def name_text(name: str) -> str:
    """Return a field's name as the text of a condition has it."""
    plain = _PLAIN_NAME.fullmatch(name) and name.lower() not in KEYWORDS
    return name if plain else "`" + json.dumps(name)[1:-1].replace("`", "\\u0060") + "`"


def value_text(value: Scalar) -> str:
    """Return a value as the text of a condition has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return json.dumps(value)
