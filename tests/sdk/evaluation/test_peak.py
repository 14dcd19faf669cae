"""The peak between cells: against numpy's parabola cell by cell, and where a bell curve's top is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fashionsdk.evaluation import peak

SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, max_side=6)


@given(hnp.arrays(np.float32, SHAPES, elements=st.integers(0, 3)))
def test_the_peak_is_in_the_first_largest_cell_where_a_parabola_is_largest(attention):
    for cells, (x, y) in zip(attention, peak(attention), strict=True):
        height, width = cells.shape
        row, column = max(np.ndindex(height, width), key=lambda place: cells[place])  # max() returns the first
        np.testing.assert_allclose(x * width - column - 0.5, parabola_top(cells[row], column), atol=1e-9)
        np.testing.assert_allclose(y * height - row - 0.5, parabola_top(cells[:, column], row), atol=1e-9)


def parabola_top(line: np.ndarray, at: int) -> float:
    """Return where, beside cell ``at``, a parabola through the logarithms of three cells is largest."""
    near = line[max(at - 1, 0) : at + 2]
    if at == 0 or len(near) < 3 or near.min() <= 0 or len(set(near)) == 1:
        return 0.0
    bend, slope, _ = np.polyfit([-1, 0, 1], np.log(near), 2)
    return float(-slope / (2 * bend))


@given(
    hnp.arrays(np.float32, SHAPES, elements=st.floats(0, 1, width=32) | st.floats(0, 2.0**-140, width=32)),
)
def test_the_peak_never_leaves_its_cell(attention):
    for cells, (x, y) in zip(attention, peak(attention), strict=True):
        height, width = cells.shape
        row, column = np.unravel_index(cells.argmax(), cells.shape)
        assert column <= x * width <= column + 1 + 1e-12
        assert row <= y * height <= row + 1 + 1e-12


@given(x=st.floats(1.5, 11.5), y=st.floats(1.5, 7.5), wide=st.floats(0.6, 4), high=st.floats(0.6, 4))
def test_a_bell_curve_peaks_at_its_top(x, y, wide, high):
    columns, rows = np.meshgrid(np.arange(13) + 0.5, np.arange(9) + 0.5)
    bell = np.exp(-(((columns - x) / wide) ** 2) - ((rows - y) / high) ** 2)
    np.testing.assert_allclose(peak(bell) * [13, 9], [x, y], atol=1e-6)


def test_the_edge_and_an_empty_neighbour_leave_the_peak_in_the_middle_of_its_cell():
    corner = np.array([[9, 3, 1], [3, 2, 1], [1, 1, 1]], np.float32)
    alone = np.array([[0, 0, 0], [0, 9, 8], [0, 8, 7]], np.float32)
    np.testing.assert_allclose(peak(np.stack([corner, alone])) * 3, [[0.5, 0.5], [1.5, 1.5]])


@pytest.mark.parametrize("attention", [np.zeros(4), np.zeros((2, 0, 3)), np.full((1, 2, 2), np.nan)])
def test_attention_without_a_peak_is_rejected(attention):
    with pytest.raises(ValueError, match=r"expected \(\.\.\., h, w\) with finite values"):
        peak(attention.astype(np.float32))
