"""Metadata by field, so that a condition is looked up, not evaluated item by item.

A column holds for each item the number of its value among the field's different values. A test is evaluated once for
each value, and numpy does the rest: a million items take milliseconds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.after_fork import RenewedLock
from fashionsdk.search.query import And, Condition, Not, Or, Test
from fashionsdk.search.scan._growing import reserved
from fashionsdk.search.scan._values import MISSING, Values

MOST_KEPT = 8  # conditions whose answer is kept: a shop asks for "in stock" all day

Entries: TypeAlias = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Column:
    """One field: numbers of values int32 ``(capacity,)``, and the values. Later rows belong to later columns."""

    numbers: NDArray[np.int32]
    values: Values

    @classmethod
    def of(cls, field: str, entries: Iterable[Mapping[str, Any]]) -> "Column":
        """Return the column of a field in these entries."""
        values = Values()
        return cls(cls.numbers_of(values, field, entries), values)

    @staticmethod
    def numbers_of(values: Values, field: str, entries: Iterable[Mapping[str, Any]]) -> NDArray[np.int32]:
        """Return the numbers of a field's values in these entries; new values are added."""
        found = (entry.get(field) for entry in entries)
        return np.array([MISSING if value is None else values.number(value) for value in found], np.int32)

    def appended(self, field: str, count: int, entries: Entries) -> "Column":
        """Return the first ``count`` rows and those of these entries."""
        total = count + len(entries)
        numbers = reserved(self.numbers, count, total)
        numbers[count:total] = self.numbers_of(self.values, field, entries)
        return Column(numbers, self.values)

    def replaced(self, field: str, count: int, rows: Sequence[int], entries: Entries) -> "Column":
        """Return a copy of the first ``count`` rows with other entries in these rows."""
        numbers = self.numbers[:count].copy()
        numbers[rows] = self.numbers_of(self.values, field, entries)
        return Column(numbers, self.values)


class Columns:
    """The columns of ``count`` items; a column is read when it is first asked for.

    Args:
        count: how many items there are.
        read: returns a field's column.
        columns: those that are known.
    """

    def __init__(self, count: int, read: Callable[[str], Column], columns: Mapping[str, Column] | None = None) -> None:
        self._count = count
        self._read = read
        self._columns = dict(columns or {})
        self._kept: dict[Condition, NDArray[np.int8]] = {}
        self._lock = RenewedLock()

    @classmethod
    def of(cls, entries: Entries, count: int, columns: Mapping[str, Column] | None = None) -> "Columns":
        """Return the columns of the first ``count`` entries, which do not change."""
        return cls(count, lambda field: Column.of(field, entries[:count]), columns)

    def matching(self, condition: Condition) -> NDArray[np.bool_]:
        """Return which items meet a condition, ``(count,)``."""
        return self._truth(condition) > 0

    def appended(self, entries: Entries, new: Entries) -> "Columns":
        """Return the columns of ``entries``, of which the first are these items and the last are ``new``."""
        with self._lock:
            known = {name: column.appended(name, self._count, new) for name, column in self._columns.items()}
        return Columns.of(entries, self._count + len(new), known)

    def replaced(self, entries: Entries, rows: Sequence[int]) -> "Columns":
        """Return the columns of ``entries``, which differ from these items in these rows only."""
        changed = [entries[row] for row in rows]
        with self._lock:
            known = {name: column.replaced(name, self._count, rows, changed) for name, column in self._columns.items()}
        return Columns.of(entries, self._count, known)

    def only(self, entries: Entries, rows: Sequence[int]) -> "Columns":
        """Return the columns of ``entries``, which are those of these rows."""
        with self._lock:
            known = {name: Column(column.numbers[rows], column.values) for name, column in self._columns.items()}
        return Columns.of(entries, len(rows), known)

    def _truth(self, condition: Condition) -> NDArray[np.int8]:
        """Return a condition's truth for each item: 1, 0 for unknown, -1. The rules are Kleene's, as in SQL."""
        kept = self._kept.get(condition)
        if kept is not None:
            return kept
        truth: NDArray[np.int8]
        if isinstance(condition, And):
            truth = reduce(np.minimum, map(self._truth, condition.parts))
        elif isinstance(condition, Or):
            truth = reduce(np.maximum, map(self._truth, condition.parts))
        elif isinstance(condition, Not):
            truth = -self._truth(condition.part)
        else:
            assert isinstance(condition, Test), "conditions are tests, or made of conditions"
            column = self._column(condition.field)
            truth = column.values.truth(condition)[column.numbers[: self._count]]
        with self._lock:
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[condition] = truth
        return truth

    def _column(self, field: str) -> Column:
        with self._lock:
            if field not in self._columns:
                self._columns[field] = self._read(field)
            return self._columns[field]
