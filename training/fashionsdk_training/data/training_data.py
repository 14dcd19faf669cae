"""Labelled photos to train on and to validate with."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools import strict_json
from fashionsdk.labels import Data, Labels, RetrievalSplit, Split
from fashionsdk.photos import RGB, Fit, Preprocessing
from fashionsdk_training.data.guiding_boxes import stored_boxes
from fashionsdk_training.data.photo_cache import PhotoCache, cache_photos
from fashionsdk_training.data.training_labels import TrainingLabels, read_training_labels
from fashionsdk_training.errors import DataError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Photos and labels of the training split, photos and questions of the validation split.

    Attributes:
        labels: the training split's labels.
        values: ``(N, A)`` value indices, -1 where a photo is not labelled or cannot be read.
        photos: the training photos as stored before augmentation, uint8 ``(N, T, U, 3)``.
        retrieval: the validation split's queries and candidates.
        retrieval_photos: its photos as model input, uint8 ``(M, H, W, 3)``.
        preprocessing: from a photo to the model's input. The training photos were fitted alike.
        boxes: where in the stored training photos attributes are decided: edges in pixels, float64 ``(N, A, 4)``, NaN
            where that is not known; None where no photo has a box.
    """

    labels: Labels
    values: NDArray[np.int32]
    photos: PhotoCache
    retrieval: RetrievalSplit
    retrieval_photos: PhotoCache
    preprocessing: Preprocessing = field(kw_only=True)
    boxes: NDArray[np.float64] | None = field(default=None, kw_only=True)

    @cached_property
    def digest(self) -> str:
        """Sha256 over what decides training and validation: paths, attributes, readable labels, boxes, questions."""
        described = [
            [
                self.labels.images,
                strict_json.encode(self.labels.attributes),
                self.values.tolist(),
                *_boxes(self.labels),
            ],
            [self.retrieval.images, strict_json.encode(self.retrieval.attributes), *_boxes(self.retrieval)],
            [self.retrieval.queries.tolist(), self.retrieval.candidates.tolist(), *_products(self.retrieval)],
            sorted(self.retrieval_photos.unreadable),
        ]
        digest = hashlib.sha256(json.dumps(described).encode())
        if self.boxes is not None:
            digest.update(self.boxes.astype("<f8").tobytes())
        return digest.hexdigest()


def _boxes(split: Split) -> list[object]:
    """Return what a digest also holds of a split with boxes."""
    return [split.boxes] if split.boxes else []


def _products(split: RetrievalSplit) -> list[object]:
    """Return what a digest also holds of a split with products: they decide which candidates a query has."""
    return [split.products] if split.products else []


def load_training_data(
    path: Data,
    side: int | tuple[int, int],
    stored_side: int | tuple[int, int],
    cache: Path,
    *,
    splits: tuple[str, str] = ("train", "valid"),
    attributes: Sequence[str] | None = None,
    fit: Fit = "crop",
    padding: RGB | None = None,
    boxes: str | Path | None = None,
    progress: bool = False,
) -> TrainingData:
    """Read labels and photos.

    Faults in the data have these outcomes. Each that is not an error is counted in the log:

    - A missing, truncated or unreadable photo is left out, of training and of validation.
    - A value that no training photo has cannot be learnt. Its validation photos are evaluated all the same. (In index
      files a value that ``meta.json`` does not count is an error.)
    - An empty split is an error.
    - A value with one photo serves as a negative in training and as a candidate in validation.
    - A photo with no other label only fills up batches.
    - A photo in both splits is an error, also under another path or as a copy. So is a product in several splits.
    - An attribute with one value in validation is not part of the mean.
    - Rows of other splits are not used.

    Args:
        path: a label table of any format, a folder of the ASEN papers' index files, or what `LabelSource` read.
        side: the model's input in pixels: a square's side, or height and width.
        stored_side: what training photos are stored in, likewise.
        cache: folder for the decoded photos.
        splits: names of the training and the validation split.
        attributes: the attributes to train, or None for all that seem to be.
        fit: how photos are fitted into both, as in the settings.
        padding: the colour beside them, as in the settings.
        boxes: a CSV file that says where attributes are decided (``docs/pointing.md``), or None for none. Those of the
            training photos guide attention.
        progress: whether to show progress bars while photos are decoded.

    Raises:
        LabelsError: the labels or the boxes cannot be read, a split is empty, or no training photo has a box.
        DataError: no photo of a split can be read, a photo or a product is in both, or no attribute has two values in
            validation.
        ValueError: an attribute is unknown.
    """
    read = read_training_labels(path, splits, attributes, boxes)
    return load_photos(read, side, stored_side, cache, fit=fit, padding=padding, progress=progress)


def load_photos(
    read: TrainingLabels,
    side: int | tuple[int, int],
    stored_side: int | tuple[int, int],
    cache: Path,
    *,
    fit: Fit = "crop",
    padding: RGB | None = None,
    progress: bool = False,
) -> TrainingData:
    """Read the photos that belong to labels; the other arguments are those of `load_training_data`.

    Raises:
        DataError: no photo of a split can be read.
    """
    labels, retrieval = read.labels, read.retrieval
    stored, preprocessing = (Preprocessing(each, fit=fit, padding=padding) for each in (stored_side, side))
    photos = cache_photos(labels.sources, stored, cache, progress=progress)
    retrieval_photos = cache_photos(retrieval.sources, preprocessing, cache, progress=progress)
    for split, loaded in zip(read.splits, (photos, retrieval_photos), strict=True):
        if not loaded.readable.any():
            reason = next(iter(loaded.unreadable.values()))
            raise DataError(
                f"{read.path}: none of the {len(loaded.pixels)} photos of split {split!r} can be read: {reason}"
            )
    values = np.where(photos.readable[:, None], labels.matrix(), -1)
    _log_summary(labels, values, photos.readable)
    _log_unknown(labels, values, retrieval)
    boxes = stored_boxes(read.boxes, labels, photos, stored) if read.boxes else None
    return TrainingData(labels, values, photos, retrieval, retrieval_photos, preprocessing=preprocessing, boxes=boxes)


def _log_summary(labels: Labels, values: NDArray[np.int32], readable: NDArray[np.bool_]) -> None:
    unlabelled = int((readable & (values < 0).all(axis=1)).sum())  # those that cannot be read are counted already
    logger.info("%d training photos, %d labels, %d attributes", len(values), (values >= 0).sum(), values.shape[1])
    if unlabelled:
        logger.warning("%d of %d training photos have no label and are not used", unlabelled, len(values))
    repeated = len(labels.rows) - int((labels.matrix() >= 0).sum())
    if repeated:
        logger.warning("%d labels name a second value of an attribute for a photo; the first is used", repeated)
    singles = np.zeros_like(values, dtype=np.bool_)
    for a, attribute in enumerate(labels.attributes):
        counts = Counter(values[values[:, a] >= 0, a].tolist())
        if single := [value for value, count in counts.items() if count == 1]:
            names = ", ".join(attribute.values[value] for value in single[:5])
            logger.warning("%s: %d values have one photo: %s", attribute.name, len(single), names)
            singles[:, a] = np.isin(values[:, a], single)
        if len(counts) < 2:
            logger.warning("%s: %d values in training; expected two or more", attribute.name, len(counts))
    if alone := int((singles.any(axis=1) & (singles | (values < 0)).all(axis=1)).sum()):
        logger.warning("%d photos share no value with another; they only fill up batches", alone)


def _log_unknown(labels: Labels, values: NDArray[np.int32], retrieval: RetrievalSplit) -> None:
    """Count the validation labels whose value no training photo has."""
    rows = np.concatenate([retrieval.queries, retrieval.candidates]).tolist()
    evaluated = Counter((retrieval.attributes[a].name, retrieval.attributes[a].values[v]) for _, a, v in rows)
    trained = {
        (attribute.name, attribute.values[value])
        for a, attribute in enumerate(labels.attributes)
        for value in np.unique(values[values[:, a] >= 0, a]).tolist()
    }
    if unknown := {key: count for key, count in evaluated.items() if key not in trained}:
        names = ", ".join(f"{attribute}={value} ({count})" for (attribute, value), count in list(unknown.items())[:5])
        logger.warning("%d validation labels have a value unknown in training: %s", sum(unknown.values()), names)
