"""Labelled photos, ready to train on and to be judged by."""

import hashlib
import json
import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk import strict_json
from fashionsdk.labels import Labels, RetrievalSplit, read_labels, read_retrieval
from fashionsdk.preprocessing import Preprocessing
from fashionsdk_training.errors import DataError
from fashionsdk_training.photos import PhotoCache, cache_photos

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Photos and labels of the training split, photos and questions of the validation split.

    Attributes:
        labels: the training split's labels.
        values: ``(N, A)`` value indices, -1 where a photo is not labelled or cannot be read.
        photos: the training photos as stored before augmentation, uint8 ``(N, T, T, 3)``.
        retrieval: the validation split's queries and candidates.
        retrieval_photos: its photos as the model takes them, uint8 ``(M, S, S, 3)``.
    """

    labels: Labels
    values: NDArray[np.int32]
    photos: PhotoCache
    retrieval: RetrievalSplit
    retrieval_photos: PhotoCache

    @property
    def digest(self) -> str:
        """Sha256 over the training images' paths, the attributes and the labels."""
        described = [
            self.labels.images,
            strict_json.encode(self.labels.attributes),
            self.labels.rows.tolist(),
        ]
        return hashlib.sha256(json.dumps(described).encode()).hexdigest()


def load_training_data(
    path: str | Path,
    side: int,
    stored_side: int,
    cache: Path,
    *,
    splits: tuple[str, str] = ("train", "valid"),
) -> TrainingData:
    """Read labels and photos.

    What is wrong with the data has these outcomes, each counted in the log and none silent:
    a missing, truncated or unreadable photo is left out, of training and of validation;
    a label of an unknown value counts as none (a CSV table) or is an error (index files);
    an empty split is an error;
    a value with one photo serves as a negative in training and as a candidate in validation.

    Args:
        path: a CSV table, or a folder that holds ``labels.csv`` or the index files of the ASEN papers.
        side: S, the model's input in pixels.
        stored_side: T, side of the square that training photos are stored in.
        cache: folder for the decoded photos.
        splits: names of the training and the validation split.

    Raises:
        LabelsError: the labels cannot be read, or a split is empty.
        DataError: no photo of a split can be read.
    """
    labels, retrieval = read_labels(path, splits[0]), read_retrieval(path, splits[1])
    photos = cache_photos(labels.paths, Preprocessing(stored_side), cache)
    retrieval_photos = cache_photos(retrieval.paths, Preprocessing(side), cache)
    for split, loaded in zip(splits, (photos, retrieval_photos), strict=True):
        if not loaded.readable.any():
            reason = next(iter(loaded.unreadable.values()))
            raise DataError(f"{path}: none of the {len(loaded.pixels)} photos of split {split!r} can be read: {reason}")
    values = np.where(photos.readable[:, None], labels.matrix(), -1)
    _log_summary(labels, values)
    return TrainingData(labels, values, photos, retrieval, retrieval_photos)


def _log_summary(labels: Labels, values: NDArray[np.int32]) -> None:
    unlabelled = int((values < 0).all(axis=1).sum())
    logger.info("%d training photos, %d labels, %d attributes", len(values), (values >= 0).sum(), values.shape[1])
    if unlabelled:
        logger.warning("%d of %d training photos have no label and are not used", unlabelled, len(values))
    repeated = len(labels.rows) - int((labels.matrix() >= 0).sum())
    if repeated:
        logger.warning("%d labels name a second value of an attribute for a photo; the first is used", repeated)
    for a, attribute in enumerate(labels.attributes):
        counts = Counter(values[values[:, a] >= 0, a].tolist())
        if single := [attribute.values[value] for value, count in counts.items() if count == 1]:
            logger.warning("%s: %d values have one photo: %s", attribute.name, len(single), ", ".join(single[:5]))
        if len(counts) < 2:
            logger.warning("%s: %d values in training; nothing to tell apart", attribute.name, len(counts))
