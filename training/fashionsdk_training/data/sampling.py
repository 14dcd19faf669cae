"""Samplers: which photos a batch contains.

All samplers are pure functions of (seed, epoch): a resumed run draws the same batches, and the processes of a
distributed run agree without communication. An epoch has about as many photos as the data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fashionsdk_training.errors import DataError


@dataclass(frozen=True, eq=False)
class Draw:
    """The indices of one batch.

    Attributes:
        images: ``(B,)`` indices of photos.
        triplets: ``(T, 4)`` rows of anchor, positive, negative (positions in ``images``) and attribute, or None if the
            loss makes its own.
    """

    images: NDArray[np.int64]
    triplets: NDArray[np.int64] | None = None


class Sampler(Protocol):
    """Draws an epoch's batches."""

    def epoch(self, epoch: int) -> Iterator[Draw]:
        """Yield the batches of one epoch, the same at every call."""

    def batches(self) -> int:
        """Return the number of batches of an epoch."""


class ValueIndex:
    """The photos of each value of each attribute.

    Args:
        labels: ``(N, A)`` value indices, -1 where there is none.

    Raises:
        DataError: no attribute has two values, one of them with two photos, so there is no triplet.
    """

    def __init__(self, labels: NDArray[np.int32]) -> None:
        self.labels = labels
        self.photos: dict[tuple[int, int], NDArray[np.int64]] = {
            (a, int(value)): np.flatnonzero(labels[:, a] == value)
            for a in range(labels.shape[1])
            for value in np.unique(labels[:, a])
            if value >= 0
        }
        self.values = {a: [value for attribute, value in self.photos if attribute == a] for a in range(labels.shape[1])}
        self.paired = {key: photos for key, photos in self.photos.items() if len(photos) > 1}
        self.comparable = [
            a for a, values in self.values.items() if len(values) > 1 and any((a, v) in self.paired for v in values)
        ]
        if not self.comparable:
            raise DataError(
                f"{len(labels)} photos have no attribute with two values, one of them on two photos; "
                "expected at least one such attribute"
            )


class RandomOrders:
    """An endless sequence of photos: all of them in a random order, then in another, and so on.

    Args:
        photos: their indices.
        seed: of the orders.
    """

    def __init__(self, photos: NDArray[np.int64], seed: int) -> None:
        self.photos, self.seed = photos, seed

    def __len__(self) -> int:
        """Return how many photos there are."""
        return len(self.photos)

    def from_position(self, position: int, count: int) -> NDArray[np.int64]:
        """Return ``count`` photos from ``position`` on."""
        turns = range(position // len(self), (position + count - 1) // len(self) + 1)
        start = position - turns[0] * len(self)
        return np.concatenate([self._order(turn) for turn in turns])[start : start + count]

    def _order(self, turn: int) -> NDArray[np.int64]:
        return np.random.default_rng((self.seed, turn)).permutation(self.photos)


class TripletSampler:
    """The papers' sampling: a random attribute, a random value of it, two photos of that value and one of another.

    Ma et al., AAAI 2020, arXiv:2002.02814, section 4.1. A batch holds ``batch_size // 3`` triplets, an epoch
    ``an_epoch`` of them, or about a third of the number of photos if that is 0.
    """

    def __init__(self, labels: NDArray[np.int32], batch_size: int, seed: int, an_epoch: int = 0) -> None:
        self.index, self.seed = ValueIndex(labels), seed
        self.triplets = max(1, batch_size // 3)
        self.an_epoch = an_epoch or len(labels) // 3

    def batches(self) -> int:
        """Return the number of batches an epoch has."""
        return max(1, self.an_epoch // self.triplets)

    def epoch(self, epoch: int) -> Iterator[Draw]:
        """Yield the batches of one epoch."""
        rng = np.random.default_rng((self.seed, epoch))
        for _ in range(self.batches()):
            rows = np.array([self._triplet(rng) for _ in range(self.triplets)])
            positions = np.arange(3 * self.triplets).reshape(-1, 3)
            yield Draw(rows[:, :3].reshape(-1), np.column_stack([positions, rows[:, 3]]))

    def _triplet(self, rng: np.random.Generator) -> tuple[int, int, int, int]:
        attribute = int(rng.choice(self.index.comparable))
        values = self.index.values[attribute]
        value = int(rng.choice([v for v in values if (attribute, v) in self.index.paired]))
        other = int(rng.choice([v for v in values if v != value]))
        anchor, positive = rng.choice(self.index.paired[attribute, value], 2, replace=False)
        return int(anchor), int(positive), int(rng.choice(self.index.photos[attribute, other])), attribute


class GroupSampler:
    """Groups of photos that share a value, so that a batch holds several photos of several values per attribute.

    Every photo starts a group in turn. One of its labels is drawn, and the group is filled with other photos of that
    value. A value starts as many groups as it has photos. A rare attribute gets its share, because each label of a
    photo is equally likely.

    Args:
        labels: ``(N, A)`` value indices, -1 where there is none.
        batch_size: photos a batch; a multiple of ``group_size``.
        group_size: photos a group.
        seed: of all random choices.

    Raises:
        ValueError: the sizes do not fit each other.
    """

    def __init__(self, labels: NDArray[np.int32], batch_size: int, group_size: int, seed: int) -> None:
        if group_size < 2 or batch_size % group_size:
            raise ValueError(f"batch_size {batch_size}, group_size {group_size}; expected a multiple, groups >= 2")
        self.index, self.seed = ValueIndex(labels), seed
        self.batch_size, self.group_size = batch_size, group_size
        self._labels_of = [
            [a for a in self.index.comparable if (a, int(row[a])) in self.index.paired] for row in labels
        ]
        self._leaders = RandomOrders(np.flatnonzero([bool(of) for of in self._labels_of]), seed)

    def batches(self) -> int:
        """Return the number of batches an epoch has."""
        return max(1, len(self._leaders) // self.batch_size)

    def epoch(self, epoch: int) -> Iterator[Draw]:
        """Yield the batches of one epoch."""
        groups = self.batch_size // self.group_size
        for step in range(self.batches()):
            position = (epoch * self.batches() + step) * groups
            leaders = [int(leader) for leader in self._leaders.from_position(position, groups)]
            rng = np.random.default_rng((self.seed, epoch, step))
            yield Draw(np.concatenate([self._group(leader, rng) for leader in leaders]))

    def _group(self, leader: int, rng: np.random.Generator) -> NDArray[np.int64]:
        attribute = int(rng.choice(self._labels_of[leader]))
        photos = self.index.paired[attribute, int(self.index.labels[leader, attribute])]
        others = photos[photos != leader]
        chosen = rng.choice(others, min(self.group_size - 1, len(others)), replace=False)
        fill = rng.integers(0, len(self.index.labels), self.group_size - 1 - len(chosen))  # a value of few photos
        return np.concatenate([[leader], chosen, fill])
