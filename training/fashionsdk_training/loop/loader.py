"""Batches of augmented photos, prepared in advance by threads."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from fashionsdk.photos import Preprocessing
from fashionsdk_training.config import TrainConfig
from fashionsdk_training.data import (
    Augmentation,
    Draw,
    GroupSampler,
    ListedTripletSampler,
    PhotoSampler,
    Sampler,
    TrainingData,
    TripletData,
    TripletSampler,
)
from fashionsdk_training.loop.distributed import Processes

BATCHES_AHEAD = 3


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch.

    Attributes:
        images: uint8 ``(B, H, W, 3)``.
        labels: int64 ``(B, A)``, -1 where there is none.
        triplets: int64 ``(T, 4)`` as in ``Draw``, or None.
    """

    images: Tensor
    labels: Tensor
    triplets: Tensor | None


@dataclass(frozen=True, eq=False)
class Loader:
    """Loads one process's share of an epoch.

    A photo's random changes depend on (seed, epoch, batch, place in the batch) alone, not on threads or processes.

    Attributes:
        data: photos and labels.
        sampler: draws the batches of all processes.
        preprocessing: to the model's input.
        augmentation: random changes.
        seed: of the random changes.
        rank: this process, from 0; it takes every ``world``-th batch.
        world: how many processes there are.
    """

    data: TrainingData
    sampler: Sampler
    preprocessing: Preprocessing
    augmentation: Augmentation
    seed: int
    rank: int = 0
    world: int = 1

    def __len__(self) -> int:
        """Return the number of batches that each process gets in an epoch."""
        return max(1, self.sampler.batches() // self.world)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """Yield this process's batches of one epoch."""
        draws = list(enumerate(self.sampler.epoch(epoch)))
        mine = iter([draws[(self.rank + i * self.world) % len(draws)] for i in range(len(self))])
        with ThreadPoolExecutor(2) as pool:
            ahead: deque[Future[Batch]] = deque()
            for index, draw in islice(mine, BATCHES_AHEAD):
                ahead.append(pool.submit(self._load, epoch, index, draw))
            while ahead:
                batch = ahead.popleft().result()
                for index, draw in islice(mine, 1):
                    ahead.append(pool.submit(self._load, epoch, index, draw))
                yield batch

    def _load(self, epoch: int, index: int, draw: Draw) -> Batch:
        images = [
            self.augmentation(
                self.data.photos.photo(photo),
                self.preprocessing,
                np.random.default_rng((self.seed, epoch, index, position)),
            )
            for position, photo in enumerate(draw.images)
        ]
        labels = torch.from_numpy(self.data.values[draw.images].astype(np.int64))
        triplets = None if draw.triplets is None else torch.from_numpy(draw.triplets)
        return Batch(torch.from_numpy(np.stack(images)), labels, triplets)


def build_loader(config: TrainConfig, data: TrainingData, peers: Processes) -> Loader:
    """Return the loader of one process, with the sampler that the settings and the data ask for.

    Raises:
        ValueError: the data are lists of triplets, and the settings do not sample triplets; or the photos were not
            read for the settings' input.
    """
    if data.preprocessing != config.preprocessing:
        raise ValueError(
            f"the photos were read with {data.preprocessing}; expected {config.preprocessing}, as the settings say"
        )
    preprocessing, sampler = config.preprocessing, _build_sampler(config, data)
    return Loader(data, sampler, preprocessing, config.augmentation, config.seed, peers.rank, peers.world)


def _build_sampler(config: TrainConfig, data: TrainingData) -> Sampler:
    size = config.sampling.batch_size
    if isinstance(data, TripletData):
        if config.sampling.kind != "triplets":
            raise ValueError(
                f"sampling is {config.sampling.kind!r}, and the data are lists of triplets; expected a recipe that "
                "samples triplets, such as csn_paper"
            )
        return ListedTripletSampler(data.triplets, size, config.seed)
    if config.sampling.kind == "triplets":
        return TripletSampler(data.values, size, config.seed, config.sampling.triplets_an_epoch)
    if config.sampling.kind == "photos":
        return PhotoSampler(data.values, size, config.sampling.least_batches, config.seed)
    return GroupSampler(data.values, size, config.sampling.group_size, config.seed)
