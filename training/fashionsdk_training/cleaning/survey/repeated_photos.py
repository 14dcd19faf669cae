"""Groups of photos that show one picture, and whether their splits and labels agree."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk_training.cleaning.survey.table_photos import TableItems
from fashionsdk_training.data import equal_files
from fashionsdk_training.preparing import joined_groups


@dataclass(frozen=True)
class RepeatedPicture:
    """Photos of a table that show one picture.

    Attributes:
        items: the photos, two or more.
        equal: whether their files have the same bytes.
        splits: the splits that they stand in.
        differing: the attributes in which their labels differ; blank ones agree with any.
    """

    items: tuple[int, ...]
    equal: bool
    splits: tuple[str, ...]
    differing: tuple[str, ...]


def repeated_pictures(items: TableItems, copies: Sequence[tuple[int, int]] = ()) -> list[RepeatedPicture]:
    """Return the groups of photos with equal bytes, or that are near-copies; those of several splits first.

    Garments of one photo, told apart by boxes, are no copies of each other.

    Args:
        items: the photos.
        copies: pairs of near-copies among them.
    """
    whole = [n for n, row in enumerate(items.rows) if not row.get("box")]
    equal = [[whole[n] for n in group] for group in equal_files([items.root / items.rows[n]["image"] for n in whole])]
    same_bytes = joined_groups(len(items.rows), equal)
    groups = joined_groups(len(items.rows), [*equal, *copies])
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    found = [_repeated(items, group.tolist(), same_bytes) for group in np.split(order, starts[1:]) if len(group) > 1]
    return sorted(found, key=lambda each: (len(each.splits) < 2, not each.differing, each.items))


def _repeated(items: TableItems, group: Sequence[int], same_bytes: NDArray[np.int64]) -> RepeatedPicture:
    splits = tuple(dict.fromkeys(split for item in group for split in items.splits[item]))
    differing = tuple(
        attribute.name
        for a, attribute in enumerate(items.attributes)
        if len(set(items.values[list(group), a].tolist()) - {-1}) > 1
    )
    return RepeatedPicture(tuple(group), len(set(same_bytes[list(group)].tolist())) == 1, splits, differing)
