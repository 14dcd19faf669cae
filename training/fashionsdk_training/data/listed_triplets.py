"""Training on listed triplets, such as those of Zappos50k: the data, and a sampler that uses each once an epoch."""

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools import strict_json
from fashionsdk._tools.batches import slices
from fashionsdk.labels import CSN_ATTRIBUTES, Labels, RetrievalSplit, TripletSplit, read_triplets
from fashionsdk.photos import RGB, Fit, Preprocessing
from fashionsdk_training.data.photo_cache import PhotoCache, cache_photos
from fashionsdk_training.data.sampling import Draw
from fashionsdk_training.data.training_data import TrainingData
from fashionsdk_training.errors import DataError

logger = logging.getLogger(__name__)


class ListedTripletSampler:
    """Yields each listed triplet once an epoch, in random order; a pure function of (seed, epoch).

    Args:
        triplets: ``(T, 4)`` rows of anchor, positive, negative (indices of photos) and attribute.
        batch_size: photos a batch, so ``batch_size // 3`` triplets; an epoch's last batch may hold fewer.
        seed: of the orders.

    Raises:
        ValueError: there is no triplet, or a row does not have four entries.
    """

    def __init__(self, triplets: NDArray[np.integer[Any]], batch_size: int, seed: int) -> None:
        if triplets.ndim != 2 or triplets.shape[1] != 4 or not len(triplets):
            raise ValueError(f"triplets have shape {triplets.shape}; expected (T, 4), T at least 1")
        self.triplets, self.seed = triplets.astype(np.int64), seed
        self.size = max(1, batch_size // 3)

    def batches(self) -> int:
        """Return the number of batches an epoch has."""
        return -(-len(self.triplets) // self.size)

    def epoch(self, epoch: int) -> Iterator[Draw]:
        """Yield the batches of one epoch."""
        order = np.random.default_rng((self.seed, epoch)).permutation(len(self.triplets))
        for batch in slices(len(order), self.size):
            rows = self.triplets[order[batch]]
            positions = np.arange(3 * len(rows)).reshape(-1, 3)
            yield Draw(rows[:, :3].reshape(-1), np.column_stack([positions, rows[:, 3]]))


@dataclass(frozen=True, eq=False)
class TripletData(TrainingData):
    """Training data whose labels are triplets, in training and in validation.

    ``labels`` and ``values`` hold the photos and attributes but no label. ``retrieval`` holds the validation photos but
    neither queries nor candidates: ``questions`` replaces them.

    Attributes:
        triplets: int32 ``(T, 4)``: anchor, positive, negative (indices of training photos that can be read), attribute.
        questions: the validation split's triplets, of the photos in ``retrieval_photos``.
    """

    triplets: NDArray[np.int32]
    questions: TripletSplit

    @cached_property
    def digest(self) -> str:
        """Sha256 over what decides training and validation: paths, attributes, triplets."""
        described = [self.labels.images, self.questions.images, strict_json.encode(self.labels.attributes)]
        described.append(sorted(self.retrieval_photos.unreadable))
        digest = hashlib.sha256(json.dumps(described).encode())
        for triplets in (self.triplets, self.questions.triplets):
            digest.update(np.array(triplets.shape, "<i8").tobytes() + triplets.astype("<i4").tobytes())
        return digest.hexdigest()


def load_triplet_data(
    folder: str | Path,
    side: int | tuple[int, int],
    stored_side: int | tuple[int, int],
    cache: Path,
    *,
    splits: tuple[str, str] = ("train", "val"),
    attributes: Sequence[str] | None = None,
    most: int | None = None,
    seed: int = 0,
    fit: Fit = "crop",
    padding: RGB | None = None,
    progress: bool = False,
) -> TripletData:
    """Read the triplet lists and the photos that they need.

    A missing or unreadable photo is left out with its triplets, of training and of validation, and counted in the log.
    Photos that both splits name are counted too. They are no error, because the published lists have some.

    Args:
        folder: as for ``fashionsdk.labels.read_triplets``.
        side: the model's input in pixels: a square's side, or height and width.
        stored_side: what training photos are stored in, likewise.
        cache: folder for the decoded photos.
        splits: names of the training and the validation lists.
        attributes: names of the lists to train, or None for those of the CSN paper.
        most: how many of the training triplets to use, the same random ones in every epoch, or None for all. The CSN
            program calls it ``--num_traintriplets``, by default 100,000.
        seed: of the choice of these.
        fit: how photos are fitted into both, as in the settings.
        padding: the colour beside them, as in the settings.
        progress: whether to show progress bars while photos are decoded.

    Raises:
        LabelsError: the lists cannot be read.
        DataError: no triplet is left whose photos can be read.
        ValueError: an argument is out of its range.
    """
    if most is not None and most < 1:
        raise ValueError(f"most is {most}; expected 1 or more triplets, or None for all")
    train, questions = (read_triplets(folder, split, attributes or CSN_ATTRIBUTES) for split in splits)
    train, questions = _choose(train, most, seed).needed(), questions.needed()
    stored, preprocessing = (Preprocessing(each, fit=fit, padding=padding) for each in (stored_side, side))
    photos = cache_photos(train.paths, stored, cache, progress=progress)
    question_photos = cache_photos(questions.paths, preprocessing, cache, progress=progress)
    triplets = _readable(train, photos, splits[0])
    _readable(questions, question_photos, splits[1])
    if both := len(set(train.images) & set(questions.images)):
        logger.warning("%d photos are in both %r and %r", both, *splits)
    logger.info(
        "%d training photos, %d triplets, %d attributes", len(train.images), len(triplets), len(train.attributes)
    )
    nothing = np.empty((0, 3), np.int32)
    values = np.full((len(train.images), len(train.attributes)), -1, np.int32)
    labels = Labels(train.root, train.images, train.attributes, nothing)
    retrieval = RetrievalSplit(questions.root, questions.images, questions.attributes, nothing, nothing)
    return TripletData(
        labels, values, photos, retrieval, question_photos, triplets, questions, preprocessing=preprocessing
    )


def _choose(split: TripletSplit, most: int | None, seed: int) -> TripletSplit:
    if most is None or most >= len(split.triplets):
        return split
    chosen = np.sort(np.random.default_rng(seed).permutation(len(split.triplets))[:most])
    return TripletSplit(split.root, split.images, split.attributes, split.triplets[chosen])


def _readable(split: TripletSplit, photos: PhotoCache, name: str) -> NDArray[np.int32]:
    """Return the triplets all of whose photos can be read."""
    readable = split.triplets[photos.readable[split.triplets[:, :3]].all(axis=1)]
    if not len(readable):
        reason = next(iter(photos.unreadable.values()))
        raise DataError(f"{split.root}: no triplet of split {name!r} has three photos that can be read: {reason}")
    if lost := len(split.triplets) - len(readable):
        logger.warning("%d of %d triplets of split %r need such a photo", lost, len(split.triplets), name)
    return readable
