"""Finds photos that show the same picture, though their files differ: saved again, or in another size."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.progress import progress_bar
from fashionsdk.errors import ImageError
from fashionsdk.photos import Preprocessing
from fashionsdk_training.preparing.photo_groups import equal_cells

SIDE = 16  # pixels of a small picture's side
# The root mean square of the differences of two small pictures, 0 to 255. Photos saved again as JPEG of quality 30 to
# 85, or at a third of their size, are at most 2.7 from the first; the nearest of 2,400 different photos are 5.2 apart.
NEAR = 4.0
BLOCK = 256  # pictures that are compared with all near ones at a time
THREADS = 4  # decoding leaves Python's lock


def small_pictures(paths: Sequence[Path], *, progress: bool = False) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """Return small pictures of photos, uint8 ``(N, SIDE * SIDE * 3)``, and why some cannot be read.

    Args:
        paths: the photos.
        progress: whether to show a progress bar.
    """
    preprocessing = Preprocessing(SIDE)
    pictures = np.zeros((len(paths), SIDE * SIDE * 3), np.uint8)
    unreadable: dict[int, str] = {}

    def read(place: int) -> str | None:
        try:
            pictures[place] = preprocessing.read(paths[place]).reshape(-1)
        except ImageError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(read, range(len(paths)))
        for place, reason in enumerate(progress_bar(found, "looking at photos", len(paths), "photo", shown=progress)):
            if reason is not None:
                unreadable[place] = reason
    return pictures, unreadable


def equal_pictures(pictures: NDArray[np.uint8] | NDArray[np.float32]) -> list[list[int]]:
    """Return groups of two pictures or more, rows of ``(N, P)``, that are at most `NEAR` from another of the group.

    The means of two pictures differ by no more than the pictures do, so only those of near means are compared. A shop's
    one picture for thousands of products makes no list of millions of pairs.
    """
    distinct: NDArray[Any]
    distinct, same = np.unique(pictures, axis=0, return_inverse=True)
    means = distinct.mean(axis=1, dtype=np.float64)
    order = np.argsort(means, kind="stable")
    sizes = np.einsum("np,np->n", distinct, distinct, dtype=np.float64)
    groups = np.arange(len(order))  # of each picture, the number of one in its group
    for start in range(0, len(order), BLOCK):
        block = order[start : start + BLOCK]
        stop = np.searchsorted(means[order], means[block[-1]] + NEAR, side="right")
        others = order[start:stop]
        products = distinct[block].astype(np.float32) @ distinct[others].astype(np.float32).T  # (b, o)
        apart = (sizes[block, None] + sizes[others] - 2 * products) / distinct.shape[1]
        for picture, near in zip(block, apart <= NEAR**2, strict=True):
            found = groups[others[near]]
            if (found != groups[picture]).any():
                groups[np.isin(groups, found)] = groups[picture]
    return [group for group in equal_cells((groups[same] + 1).tolist()) if len(group) > 1]
