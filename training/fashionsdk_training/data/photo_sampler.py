"""Batches of all photos in turn."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fashionsdk_training.data.sampling import Draw, RandomOrders
from fashionsdk_training.errors import DataError


class PhotoSampler:
    """Every photo with a label in turn, in random order.

    An epoch is once all photos, or ``least_batches`` if that is more: a small set is passed several times.

    Args:
        labels: ``(N, A)`` value indices, -1 where there is none.
        batch_size: photos a batch; fewer if there are no more.
        least_batches: of an epoch.
        seed: of the order.

    Raises:
        DataError: no attribute has two values, so there is nothing to tell apart.
    """

    def __init__(self, labels: NDArray[np.int32], batch_size: int, least_batches: int, seed: int) -> None:
        if not any(len(np.unique(column[column >= 0])) > 1 for column in labels.T):
            raise DataError(f"{len(labels)} photos have no attribute with two values; expected at least one")
        (photos,) = np.nonzero((labels >= 0).any(axis=1))
        self.orders = RandomOrders(photos, seed)
        self.batch_size, self.least_batches = min(batch_size, len(photos)), least_batches

    def batches(self) -> int:
        """Return the number of batches of an epoch."""
        return max(len(self.orders) // self.batch_size, self.least_batches)

    def epoch(self, epoch: int) -> Iterator[Draw]:
        """Yield the batches of one epoch."""
        for step in range(self.batches()):
            position = (epoch * self.batches() + step) * self.batch_size
            yield Draw(self.orders.from_position(position, self.batch_size))
