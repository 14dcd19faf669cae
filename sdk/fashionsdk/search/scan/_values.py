"""The different values of one metadata field, and a test's truth for each of them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search.query import Comparison, Test, comparable

MISSING = 0  # the number of an item's value where it lacks the field; the first value of the list has number 1

_OTHER, _NUMBER, _TEXT = 0, 1, 2
_COMPARED: dict[str, Callable[[NDArray[np.float64], Any], Any]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


class Values:
    """Values that items have in a field, in the order in which they came. It only grows, in one thread at a time.

    Args:
        values: JSON values that are known. Some may be there twice, which changes no answer.
    """

    def __init__(self, values: Sequence[Any] = ()) -> None:
        self._values = list(values)
        self._numbers = {_form(value): number for number, value in enumerate(values, MISSING + 1)}
        self._read = (np.empty(0, np.int8), np.empty(0))  # kinds and numbers of the first values

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._values)

    def since(self, count: int) -> list[Any]:
        """Return the values from the ``count``-th on."""
        return self._values[count:]

    def number(self, value: Any) -> int:
        """Return a value's number; a new one is added."""
        form = _form(value)
        number = self._numbers.get(form)
        if number is None:
            self._values.append(value)
            number = self._numbers[form] = len(self._values)
        return number

    def truth(self, test: Test) -> NDArray[np.int8]:
        """Return a test's truth for each number that a value may have, `MISSING` first."""
        kinds, floats = self._arrays()
        table = np.zeros(len(kinds) + 1, np.int8)
        table[MISSING] = test.truth(None)
        if isinstance(test, Comparison) and isinstance(test.value, float):
            holds = _COMPARED[test.operator](floats, test.value)
            table[1:] = np.where(kinds == _NUMBER, np.where(holds, 1, -1), 0)
        elif isinstance(test, Comparison) and isinstance(test.value, str) and test.operator in ("=", "!="):
            sign = 1 if test.operator == "=" else -1
            table[1:] = np.where(kinds == _TEXT, -sign, 0)
            for number in self._equal_texts(test.value, len(kinds)):
                table[number] = sign
        else:
            table[1:] = [test.truth(value) for value in self._values[: len(kinds)]]
        return table

    def _equal_texts(self, text: str, count: int) -> list[int]:
        number = self._numbers.get(text)
        if number is None or number > count:
            return []
        if len(self._numbers) == len(self._values):
            return [number]
        return [place for place, value in enumerate(self._values[:count], MISSING + 1) if value == text]

    def _arrays(self) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Return the kinds and the numbers of all values; other values have the number 0."""
        kinds, floats = self._read
        if new := self._values[len(kinds) :]:
            pairs = [_kind_and_number(value) for value in new]
            kinds = np.concatenate([kinds, np.array([kind for kind, _ in pairs], np.int8)])
            floats = np.concatenate([floats, np.array([number for _, number in pairs])])
            self._read = kinds, floats
        return kinds, floats


def _kind_and_number(value: Any) -> tuple[int, float]:
    if isinstance(value, str):
        return _TEXT, 0.0
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _NUMBER, float(comparable(value))  # type: ignore[arg-type]  # a number is comparable as a float
    return _OTHER, 0.0


def _form(value: Any) -> object:
    """Return what two values have in common that are one."""
    if isinstance(value, str):
        return value
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return ("number", value) if number else ("other", json.dumps(value, sort_keys=True))
