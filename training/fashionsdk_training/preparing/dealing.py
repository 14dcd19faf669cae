"""Deals groups of photos to splits, so that each split gets its share of every value.

Greedy stratification (Sechidis et al., "On the Stratification of Multi-Label Data", ECML 2011) of whole groups, then
single groups change places as long as that helps.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk_training.errors import DataError

MOST_ROUNDS = 20  # of changing places


def deal_groups(
    groups: NDArray[np.int64], labels: NDArray[np.int64], shares: Sequence[float], seed: int
) -> NDArray[np.int64]:
    """Return the split ``(N,)`` of each photo, 0 to S - 1; a group's photos are in one split, and no split is empty.

    What is made small is the sum, over values and splits, of the squared differences between the split's share of the
    value's photos and its share of all. The same arguments give the same splits.

    Args:
        groups: ``(N,)``, each photo's group, 0 to G - 1.
        labels: ``(L, 2)``: a photo, and a value of any attribute, 0 to V - 1, that it has.
        shares: the splits' shares of the photos, S of them, which sum up to 1.
        seed: of the order of groups that are alike.

    Raises:
        DataError: there are fewer groups than splits.
    """
    count = int(groups.max(initial=-1)) + 1
    if count < len(shares):
        raise DataError(
            f"{len(groups)} photos in {count} groups that belong together cannot be dealt to {len(shares)} splits; "
            "expected a group for each split at least"
        )
    deal = _Deal(_parts(groups, labels, count), np.array(shares))
    deal.greedily(np.random.default_rng(seed).permutation(count))
    for _ in range(MOST_ROUNDS):
        if not deal.improve():
            break
    deal.fill_empty()
    return deal.splits[groups]


def _parts(groups: NDArray[np.int64], labels: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return each group's part of every value's photos, and last of all photos: ``(G, V + 1)``, columns sum up to 1."""
    values = int(labels[:, 1].max(initial=-1)) + 1
    parts = np.zeros((count, values + 1))
    np.add.at(parts, (groups[labels[:, 0]], labels[:, 1]), 1)
    np.add.at(parts[:, -1], groups, 1)
    return np.asarray(parts / np.maximum(parts.sum(axis=0), 1))


class _Deal:
    """Groups on their way to splits.

    Attributes:
        splits: ``(G,)``, each group's split; -1 while it has none.
    """

    def __init__(self, parts: NDArray[np.float64], shares: NDArray[np.float64]) -> None:
        self._parts = parts
        self.splits = np.full(len(parts), -1)
        self._missing = np.repeat(-shares[:, None], parts.shape[1], axis=1)  # (S, V + 1): what is there less the share
        self._order = np.arange(len(parts))

    def greedily(self, order: NDArray[np.int64]) -> None:
        """Give each group to the split that lacks most of what it has; those that are hard to place come first."""
        self._order = order[np.argsort(-self._parts[order].max(axis=1), kind="stable")]
        for group in self._order.tolist():
            self._put(group, int(np.argmin(self._missing @ self._parts[group])))

    def improve(self) -> bool:
        """Move each group to where it is better; tell whether one was moved."""
        moved = False
        for group in self._order.tolist():
            costs = self._costs(group)
            best = int(np.argmin(costs))
            if costs[best] < -1e-12:
                self._put(group, best)
                moved = True
        return moved

    def fill_empty(self) -> None:
        """Give each split that has no group the one whose move costs least, of splits that have another."""
        for split in range(len(self._missing)):
            if (self.splits == split).any():
                continue
            counts = np.bincount(self.splits, minlength=len(self._missing))
            movable = [group for group in self._order.tolist() if counts[self.splits[group]] > 1]
            self._put(min(movable, key=lambda group: self._costs(group)[split]), split)

    def _costs(self, group: int) -> NDArray[np.float64]:
        """Return how the sum of squares changes if a group moves to each split, ``(S,)``; 0 where it is."""
        part, here = self._parts[group], self.splits[group]
        there = self._missing @ part
        costs = np.asarray(2 * (there - there[here] + part @ part))
        costs[here] = 0
        return costs

    def _put(self, group: int, split: int) -> None:
        if (here := self.splits[group]) >= 0:
            self._missing[here] -= self._parts[group]
        self._missing[split] += self._parts[group]
        self.splits[group] = split
