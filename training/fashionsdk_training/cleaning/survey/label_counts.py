"""Counts the labels of a table: each value in each split, blank cells, values that few photos have."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fashionsdk_training.cleaning.survey.table_photos import TableItems

RARE = 10  # photos: a value with fewer is hardly learnt, and says little when it is measured


@dataclass(frozen=True)
class AttributeCount:
    """The labels of one attribute.

    Attributes:
        name: the attribute.
        labelled: how many photos have a label.
        blank: how many have none.
        values: photos of each value in each split, values in the table's order.
    """

    name: str
    labelled: int
    blank: int
    values: Mapping[str, Mapping[str, int]]

    @property
    def photos(self) -> dict[str, int]:
        """How many photos each value has; one that stands in two splits counts twice."""
        return {value: sum(counts.values()) for value, counts in self.values.items()}

    @property
    def rare(self) -> dict[str, int]:
        """The values with fewer than `RARE` photos, rarest first."""
        return dict(sorted(((v, n) for v, n in self.photos.items() if n < RARE), key=lambda each: each[1]))


@dataclass(frozen=True)
class LabelCounts:
    """What a table holds.

    Attributes:
        photos: how many there are.
        unlabelled: how many have no label at all.
        splits: photos of each split, "" for none.
        attributes: the labels of each attribute.
    """

    photos: int
    unlabelled: int
    splits: Mapping[str, int]
    attributes: tuple[AttributeCount, ...]


def count_labels(items: TableItems) -> LabelCounts:
    """Count the labels of a table's photos."""
    splits = Counter(split for each in items.splits for split in each)
    unlabelled = int((items.values < 0).all(axis=1).sum())
    counts = tuple(_count(items, a, list(splits)) for a in range(len(items.attributes)))
    return LabelCounts(len(items.rows), unlabelled, dict(splits), counts)


def _count(items: TableItems, attribute: int, splits: list[str]) -> AttributeCount:
    found: dict[str, Counter[str]] = {value: Counter() for value in items.attributes[attribute].values}
    for item in np.flatnonzero(items.values[:, attribute] >= 0).tolist():
        found[items.value(item, attribute)].update(items.splits[item])
    values = {value: {split: count[split] for split in splits} for value, count in found.items()}
    labelled = int((items.values[:, attribute] >= 0).sum())
    return AttributeCount(items.attributes[attribute].name, labelled, len(items.rows) - labelled, values)
