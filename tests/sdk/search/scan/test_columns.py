"""Metadata in columns against the conditions' own truth, item by item, while items come, change and go."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.search import field, parse_condition
from fashionsdk.search.query import Test
from fashionsdk.search.scan import Columns, Values

VALUES: list[Any] = [None, 0, 1, 1.0, 2.5, -3, True, False, "", "a", "b", ["a", 1], [], {"x": 1}, 10**400, -(10**400)]
ENTRIES = st.lists(st.fixed_dictionaries({}, optional={name: st.sampled_from(VALUES) for name in "xy"}), max_size=8)
TESTS = [
    parse_condition(text)
    for text in (
        *("x = 1", "x != 1", "x < 1", "x <= 1", "x > 1", "x >= 1", "x = 'a'", "x != 'a'", "x < 'b'", "x >= ''"),
        *("x = true", "x != true", "x contains 'a'", "x contains 1", "x exists", "x = 'z'", "y != 'z'"),
    )
]


def check(columns: Columns, entries: list[dict[str, Any]]) -> None:
    for test in TESTS:
        assert isinstance(test, Test)
        expected = [test.truth(entry.get(test.field)) for entry in entries]
        assert columns.matching(test).tolist() == [truth > 0 for truth in expected], str(test)
        assert columns.matching(~test).tolist() == [truth < 0 for truth in expected], str(test)


@pytest.mark.slow
@given(first=ENTRIES, second=ENTRIES, changed=ENTRIES, seen=st.booleans())
def test_columns_follow_every_change(first, second, changed, seen):
    entries = list(first)
    columns = Columns.of(entries, len(entries))
    if seen:  # columns that were read before a change must follow it, others are read after it
        check(columns, first)
    entries += second
    grown = columns.appended(entries, second)
    check(grown, entries)
    check(columns, first)
    rows = list(range(min(len(changed), len(entries))))
    other = [*changed[: len(rows)], *entries[len(rows) :]]
    check(grown.replaced(other, rows), other)
    kept = list(range(0, len(entries), 2))
    check(grown.only([entries[row] for row in kept], kept), [entries[row] for row in kept])
    check(grown, entries)


def test_values_that_are_there_twice_change_no_answer():
    values = Values(["a", 1, "a", True])
    assert values.truth(field("x") == "a").tolist() == [0, 1, 0, 1, 0]  # type: ignore[arg-type]
    assert values.number("a") in (1, 3)


def test_a_condition_asked_again_gives_the_same():
    entries = [{"price": price} for price in range(1000)]
    columns = Columns.of(entries, 1000)
    conditions = [field("price") <= bound for bound in range(20)]
    for _ in range(2):
        for bound, condition in enumerate(conditions):
            assert np.flatnonzero(columns.matching(condition)).tolist() == list(range(bound + 1))
