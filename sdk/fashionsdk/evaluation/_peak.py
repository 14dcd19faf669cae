"""Where a map is largest, between its cells.

A cell of a 13 x 13 map is as large as a collar. The cell with the most attention says which one is meant; its
neighbours say on which side of it: the larger one is nearer.
"""

import numpy as np
from numpy.typing import NDArray


def peak(attention: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the place of the most attention as x and y in 0 to 1: ``(..., h, w)`` to ``(..., 2)``.

    It lies in the cell with the most, of equal cells the first, row by row: on each axis where a parabola through the
    logarithms of the cell and its two neighbours is largest, which is exact for a bell curve's peak. Beside a neighbour
    without attention, and at the map's edge, it is the middle of the cell.

    Raises:
        ValueError: there is no cell, or a value is not finite.
    """
    if attention.ndim < 2 or 0 in attention.shape[-2:] or not np.isfinite(attention).all():
        raise ValueError(
            f"attention of shape {attention.shape}; expected (..., h, w) with finite values, h and w from 1"
        )
    height, width = attention.shape[-2:]
    maps = attention.reshape(-1, height, width).astype(np.float64)  # (n, h, w)
    row, column = np.divmod(maps.reshape(len(maps), -1).argmax(axis=-1), width)
    which = np.arange(len(maps))
    x = column + 0.5 + _shift(maps[which, row], column)
    y = row + 0.5 + _shift(maps[which, :, column], row)
    return np.stack([x / width, y / height], axis=-1).reshape(*attention.shape[:-2], 2)


def _shift(lines: NDArray[np.float64], largest: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how far, -0.5 to 0.5 cells, the peak lies from the middle of each line's largest cell.

    Args:
        lines: a row or column of each map, ``(n, cells)``.
        largest: which cell of it is the largest, ``(n,)``.
    """
    padded = np.pad(lines, ((0, 0), (1, 1)))  # beyond the edge there is no attention
    near = np.take_along_axis(padded, largest[:, None] + np.arange(3), axis=1)  # (n, 3)
    near = np.where((near > 0).all(axis=1, keepdims=True), near, 1)  # three equal cells do not shift
    before, middle, after = np.log(near).T
    bend = 2 * middle - before - after  # 0 or more, as the middle is the largest
    return np.asarray(np.divide(after - before, 2 * bend, out=np.zeros_like(bend), where=bend > 0))
