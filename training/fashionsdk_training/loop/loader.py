"""Batches of augmented photos, prepared in advance by threads."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
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
    View,
)
from fashionsdk_training.loop.distributed import Processes
from fashionsdk_training.loop.teachers import Teachers

BATCHES_AHEAD = 3


@dataclass(frozen=True, eq=False)
class Batch:
    """One batch.

    Attributes:
        images: uint8 ``(B, H, W, 3)``.
        labels: int64 ``(B, A)``, -1 where there is none.
        triplets: int64 ``(T, 4)`` as in ``Draw``, or None.
        boxes: float32 ``(B, A, 4)``, where attributes are decided: left, top, right and bottom as fractions of the
            images' sides, NaN where that is not known; None where the data have no boxes.
        answers: float32 ``(B, A, V)``, the teachers' probabilities of values; None without teachers.
    """

    images: Tensor
    labels: Tensor
    triplets: Tensor | None
    boxes: Tensor | None = None
    answers: Tensor | None = None

    def on(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None, Tensor | None]:
        """Return its tensors on a device, in the order of a `Criterion`'s arguments."""
        optional = (self.triplets, self.boxes, self.answers)
        triplets, boxes, answers = (None if each is None else each.to(device) for each in optional)
        return self.images.to(device), self.labels.to(device), triplets, boxes, answers


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
        teachers: networks that are asked about each batch, or None.
    """

    data: TrainingData
    sampler: Sampler
    preprocessing: Preprocessing
    augmentation: Augmentation
    seed: int
    rank: int = 0
    world: int = 1
    teachers: Teachers | None = None

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
                yield self._answered(batch)

    def _answered(self, batch: Batch) -> Batch:
        """Return a batch with the teachers' answers, if there are teachers."""
        if self.teachers is None:
            return batch
        return replace(batch, answers=self.teachers.probabilities(batch.images))

    def _load(self, epoch: int, index: int, draw: Draw) -> Batch:
        images, views = zip(
            *(
                self.augmentation.viewed(
                    self.data.photos.photo(photo),
                    self.preprocessing,
                    np.random.default_rng((self.seed, epoch, index, position)),
                )
                for position, photo in enumerate(draw.images)
            ),
            strict=True,
        )
        labels = torch.from_numpy(self.data.values[draw.images].astype(np.int64))
        triplets = None if draw.triplets is None else torch.from_numpy(draw.triplets)
        return Batch(torch.from_numpy(np.stack(images)), labels, triplets, self._boxes(draw.images, views))

    def _boxes(self, photos: NDArray[np.int64], views: Sequence[View]) -> Tensor | None:
        """Return the boxes of photos as these variants show them."""
        if self.data.boxes is None:
            return None
        shown = [view.boxes(boxes) for view, boxes in zip(views, self.data.boxes[photos], strict=True)]
        return torch.from_numpy(np.stack(shown).astype(np.float32))


def build_loader(config: TrainConfig, data: TrainingData, peers: Processes, teachers: Teachers | None = None) -> Loader:
    """Return the loader of one process, with the sampler that the settings and the data ask for.

    Raises:
        ValueError: the data are lists of triplets, and the settings do not sample triplets; the photos were not read
            for the settings' input; there are boxes, and the network has no spatial attention; or there are teachers,
            and it does not learn values.
    """
    if data.preprocessing != config.preprocessing:
        raise ValueError(
            f"the photos were read with {data.preprocessing}; expected {config.preprocessing}, as the settings say"
        )
    if data.boxes is not None and not config.model.attends:
        raise ValueError(
            f"boxes for {config.model.architecture}, which has no spatial attention that they could guide; expected "
            "another system, or no boxes"
        )
    if teachers is not None and not config.objective.learns_values:
        raise ValueError(
            f"teachers for {config.model.architecture}, which does not learn the probabilities of values; expected a "
            "recipe of cam, or no teachers"
        )
    preprocessing, sampler = config.preprocessing, _build_sampler(config, data)
    return Loader(data, sampler, preprocessing, config.augmentation, config.seed, peers.rank, peers.world, teachers)


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
