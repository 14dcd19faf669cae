"""Which rows belong together: those of one product, of one photo, or of equal photos."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def joined_groups(count: int, parts: Iterable[Sequence[int]]) -> NDArray[np.int64]:
    """Return each row's group ``(count,)``: rows of one part are in one group, and so are parts that share a row.

    Groups are numbered in the order of their first rows.

    Args:
        count: how many rows there are.
        parts: rows that belong together, counted from 0.
    """
    above = list(range(count))

    def first(row: int) -> int:
        while above[row] != row:
            above[row] = above[above[row]]
            row = above[row]
        return row

    for part in parts:
        for row in part:
            low, high = sorted((first(part[0]), first(row)))
            above[high] = low
    firsts = np.array([first(row) for row in range(count)], np.int64)
    return np.unique(firsts, return_inverse=True)[1].astype(np.int64)


def equal_cells(cells: Sequence[Hashable]) -> list[list[int]]:
    """Return the rows of each cell that is not blank."""
    rows: dict[Hashable, list[int]] = defaultdict(list)
    for row, cell in enumerate(cells):
        if cell:
            rows[cell].append(row)
    return list(rows.values())
