"""Whole numbers as arguments: what is one, what is none, and what the message says."""

import re

import numpy as np
import pytest

from fashionsdk._tools.whole_number import whole_number


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.int64(3), np.array(3)])
def test_python_s_and_numpy_s_integers_are_whole_numbers(value):
    number = whole_number(value, "k")
    assert (number, type(number)) == (3, int)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2.5, "2.5"),
        (2.0, "2.0"),
        (np.float32(2), re.escape(repr(np.float32(2)))),  # NumPy 2 writes the type too
        ("2", "'2'"),
        (None, "None"),
        (True, "True"),
        (np.True_, repr(np.True_)),
        ([2], r"\[2\]"),
        (np.array([2, 3]), r"array\(\[2, 3\]\)"),
        ("x" * 1000, "'xxxxxxxxxxxx...xxxxxxxxxxxxx'"),
    ],
)
def test_anything_else_is_named_with_what_is_expected(value, shown):
    with pytest.raises(TypeError, match=f"^k is {shown}; expected a whole number, 1 or more, or None for all$"):
        whole_number(value, "k", otherwise="None for all")


def test_the_range_is_checked_and_named():
    assert [whole_number(value, "threads", least=0, most=5) for value in (0, 5)] == [0, 5]
    for value in (-1, 6, 10**30):
        with pytest.raises(ValueError, match=f"^threads is {value}; expected 0 to 5$"):
            whole_number(value, "threads", least=0, most=5)
    with pytest.raises(ValueError, match=r"^k is 0; expected 1 or more$"):
        whole_number(0, "k")
