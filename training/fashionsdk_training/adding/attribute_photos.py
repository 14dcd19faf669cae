"""The labelled photos from which a trained network learns one more attribute."""

import hashlib
import json
import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools import strict_json
from fashionsdk.attributes import Attribute
from fashionsdk.labels import Data, read_labels
from fashionsdk.photos import Preprocessing
from fashionsdk_training.data import PhotoCache, cache_photos
from fashionsdk_training.errors import DataError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LabelledPhotos:
    """Photos that are labelled for one attribute.

    Attributes:
        attribute: with the values of all the table's splits.
        images: N paths as the table has them.
        paths: their files.
        values: int64 ``(N,)``, value indices.
    """

    attribute: Attribute
    images: tuple[str, ...]
    paths: tuple[Path, ...]
    values: NDArray[np.int64]

    def counts(self) -> dict[str, int]:
        """Return how many photos each value has, in label order."""
        counts = Counter(self.values.tolist())
        return {name: counts[value] for value, name in enumerate(self.attribute.values)}

    def digest(self) -> str:
        """Return the sha256 over attribute, paths and values."""
        described = [strict_json.encode(self.attribute), self.images, self.values.tolist()]
        return hashlib.sha256(json.dumps(described).encode()).hexdigest()

    def select(self, rows: NDArray[np.integer]) -> "LabelledPhotos":
        """Return the photos of these rows."""
        images, paths = tuple(self.images[row] for row in rows), tuple(self.paths[row] for row in rows)
        return LabelledPhotos(self.attribute, images, paths, self.values[rows])

    def draw(self, per_value: int | None, seed: int) -> NDArray[np.int64]:
        """Return the rows of at most ``per_value`` random photos of each value, in table order; None for all.

        With the same seed, a smaller draw is part of a larger one.

        Raises:
            ValueError: ``per_value`` is less than 1, or ``seed`` is negative.
        """
        if per_value is not None and per_value < 1:
            raise ValueError(f"{per_value} photos a value; expected 1 or more, or None for all")
        if seed < 0:
            raise ValueError(f"seed is {seed}; expected 0 or more")
        rng = np.random.default_rng(seed)
        drawn = [rng.permutation(np.flatnonzero(self.values == v))[:per_value] for v in np.unique(self.values)]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *drawn]))


def read_labelled(data: Data, name: str, split: str) -> LabelledPhotos:
    """Return the photos of a split that are labelled for the attribute ``name``.

    Raises:
        LabelsError: the labels cannot be read, or the split is empty.
        ValueError: the table does not have the attribute.
    """
    labels = read_labels(data, split, [name]).select([name])
    labels.check_whole("adding an attribute")
    column = labels.matrix()[:, 0].astype(np.int64)
    everything = LabelledPhotos(labels.attributes[0], labels.images, tuple(labels.paths), column)
    return everything.select(np.flatnonzero(column >= 0))


def load_labelled(
    labelled: LabelledPhotos,
    preprocessing: Preprocessing,
    cache: Path,
    per_value: int | None,
    *,
    progress: bool = False,
) -> tuple[LabelledPhotos, PhotoCache]:
    """Return the photos that can be read, and their pixels; log which values are short of photos.

    Args:
        labelled: the photos.
        preprocessing: to the model's input.
        cache: folder for the decoded photos.
        per_value: how many photos of each value were requested, or None.
        progress: whether to show a progress bar while photos are decoded.

    Raises:
        DataError: fewer than two values have a photo that can be read.
    """
    photos = cache_photos(labelled.paths, preprocessing, cache, progress=progress)
    (readable,) = np.nonzero(photos.readable)
    selected = labelled.select(readable)
    counts, name = selected.counts(), labelled.attribute.name
    if sum(count > 0 for count in counts.values()) < 2:
        names = ", ".join(f"{value} ({count})" for value, count in counts.items() if count) or "none"
        reason = f"; {len(photos.unreadable)} photos cannot be read" if photos.unreadable else ""
        raise DataError(f"{name}: expected photos of at least two values, to tell them apart; got {names}{reason}")
    if short := [f"{value} ({count})" for value, count in counts.items() if count < (per_value or 1)]:
        least = "1 photo" if (per_value or 1) == 1 else f"{per_value} photos"
        logger.warning("%s: %d values have fewer than %s: %s", name, len(short), least, ", ".join(short))
    return selected, PhotoCache(photos.pixels[readable], {})
