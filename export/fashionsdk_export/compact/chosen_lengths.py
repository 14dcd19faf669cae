"""How many numbers each attribute's compact vectors get under a budget of bytes."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.search.scan import decoded, encoded
from fashionsdk_export.compact.compact_model import Directions
from fashionsdk_export.errors import ExportError

NEAREST = 10
STEPS = (0, 1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)  # directions that are tried


def chosen_lengths(
    vectors: NDArray[np.float32],
    roots: Sequence[Sequence[int]],
    directions: Sequence[NDArray[np.float32]],
    bytes_per_item: int,
    names: Sequence[str],
) -> list[int]:
    """Return how many of its directions each attribute keeps.

    From the fewest on, the next step is taken by the attribute whose neighbours are kept worst, while it fits.

    Args:
        vectors: of labelled photos, ``(N, A, D)``.
        roots: for each attribute the places of its values' roots, which are kept in any case.
        directions: for each attribute ``(L_a, D)``, the most important first.
        bytes_per_item: the budget.
        names: of the attributes.

    Raises:
        ExportError: the budget is too small.
    """
    sizes = [_sizes(len(rows), least=0 if places else 1) for places, rows in zip(roots, directions, strict=True)]
    steps = [0] * len(sizes)
    spent = sum(map(len, roots)) + sum(each[0] for each in sizes)
    if spent > bytes_per_item:
        values = ", ".join(f"{name} {len(places)}" for name, places in zip(names, roots, strict=True))
        raise ExportError(
            f"{bytes_per_item} bytes an item are too few: expected {spent} or more, a byte for each value of each "
            f"attribute ({values})"
        )

    @cache
    def share(a: int, step: int) -> float:
        size = sizes[a][step]
        return kept_neighbours(vectors[:, a], _short(vectors[:, a], roots[a], directions[a][:size]))

    while True:
        growing = [
            a
            for a, step in enumerate(steps)
            if step + 1 < len(sizes[a]) and spent + sizes[a][step + 1] - sizes[a][step] <= bytes_per_item
        ]
        if not growing:
            return [sizes[a][step] for a, step in enumerate(steps)]
        worst = min(growing, key=lambda a: share(a, steps[a]))
        spent += sizes[worst][steps[worst] + 1] - sizes[worst][steps[worst]]
        steps[worst] += 1


def kept_neighbours(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Return which share of each vector's nearest vectors ``before`` are among its nearest ``after``, ``(N, D)``."""
    count = min(NEAREST, len(before) - 1)
    if count < 1:
        return 1.0
    kept = 0
    for some in slices(len(before), 256):
        one, other = (_nearest(vectors, some, count) for vectors in (before, after))
        kept += int((one[:, :, None] == other[:, None, :]).sum())
    return kept / (count * len(before))


def _nearest(vectors: NDArray[np.float32], some: slice, count: int) -> NDArray[np.int64]:
    scores = vectors[some] @ vectors.T
    rows = np.arange(len(scores))
    scores[rows, rows + some.start] = -np.inf
    found: NDArray[np.int64] = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    return found


def _sizes(most: int, least: int) -> list[int]:
    return sorted({min(size, most) for size in (*STEPS, most) if size >= least}) or [0]


def _short(vectors: NDArray[np.float32], roots: Sequence[int], directions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return compact vectors ``(N, V + L)`` as they come back from int8."""
    made = Directions([roots], [torch.from_numpy(directions)])
    return decoded("int8", encoded("int8", made(torch.from_numpy(vectors[:, None])).numpy()[:, 0]))
