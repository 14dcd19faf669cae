"""Photos used to calibrate INT8 and to measure lower precisions."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.progress import progress_bar
from fashionsdk.errors import ImageError
from fashionsdk.labels import Data, Labels, LabelSource, RetrievalSplit
from fashionsdk.photos import Cutout, Preprocessing
from fashionsdk_export.errors import ExportError

SAMPLE = 256  # photos that are read

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class CalibrationPhotos:
    """The user's own photos.

    Attributes:
        paths: photos to calibrate INT8 and to compare graphs with; at most ``SAMPLE`` of them are read.
        split: labelled photos to measure MAP on, or ``None``.
        labels: training photos with their labels, which tell where attributes apply, or ``None``.
    """

    paths: Sequence[Path | Cutout] = ()
    split: RetrievalSplit | None = None
    labels: Labels | None = None

    @classmethod
    def from_table(cls, table: Data, split: str = "valid") -> "CalibrationPhotos":
        """Take the training photos of a label table to calibrate, and one of its splits to measure MAP on.

        Raises:
            LabelsError: the table cannot be read, or a split is empty.
        """
        source = LabelSource.of(table)
        labels = source.labels("train")
        return cls(labels.sources, source.retrieval(split), labels)

    def for_attributes(self, known: Sequence[str]) -> "CalibrationPhotos":
        """Return the same photos with queries for the ``known`` attributes only: a table may have more than a model.

        Raises:
            ExportError: the split has no query for any of them.
        """
        if self.split is None:
            return self
        shared = [attribute.name for attribute in self.split.attributes if attribute.name in known]
        split = self.split.select(shared) if shared else None
        if split is None or not len(split.queries):
            raise ExportError(f"the table has no query for {', '.join(known)}; expected some to measure MAP on")
        return CalibrationPhotos(self.paths, split, self.labels)

    def images(self, preprocessing: Preprocessing, *, progress: bool = False) -> NDArray[np.uint8]:
        """Return a random sample of the photos as model inputs, uint8 ``(n, H, W, 3)``, the same at each call.

        Args:
            preprocessing: to the model's input.
            progress: whether to show a progress bar.

        Raises:
            ExportError: none of them can be read.
        """
        images: list[NDArray[np.uint8]] = []
        unreadable: list[str] = []
        with progress_bar(None, "reading photos", min(SAMPLE, len(self.paths)), "photo", shown=progress) as bar:
            for i in np.random.default_rng(0).permutation(len(self.paths)):
                if len(images) == SAMPLE:
                    break
                try:
                    images.append(preprocessing.read(self.paths[i]))
                    bar.update()
                except ImageError as error:
                    unreadable.append(str(error))
        if not images:
            raise ExportError(f"none of {len(unreadable)} photos can be read, such as {unreadable[0]}")
        if unreadable:
            logger.warning("%d photos cannot be read and are left out, such as %s", len(unreadable), unreadable[0])
        return np.stack(images)
