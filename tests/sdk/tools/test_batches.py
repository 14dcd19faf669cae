"""Rows cut into batches."""

import itertools

import pytest

from fashionsdk._tools.batches import slices


@pytest.mark.parametrize("largest", [1, 2, 7, 32])
@pytest.mark.parametrize("count", [1, 2, 6, 7, 8, 31, 32, 33, 100])
def test_slices_cover_every_row_once_and_in_order(count: int, largest: int):
    rows = list(range(count))
    found = [rows[part] for part in slices(count, largest)]
    assert list(itertools.chain(*found)) == rows
    assert all(len(part) == largest for part in found[:-1])
    assert 1 <= len(found[-1]) <= largest


def test_slices_are_those_of_a_loop():
    expected = [[0, 1, 2], [3, 4, 5], [6]]
    assert [list(range(7))[part] for part in slices(7, 3)] == expected
