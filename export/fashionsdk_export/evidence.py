"""The photos that fewer bits are fitted to and judged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk.errors import ImageError
from fashionsdk.labels import RetrievalSplit, read_labels, read_retrieval
from fashionsdk.preprocessing import Preprocessing
from fashionsdk.progress import progress_bar
from fashionsdk_export.errors import ExportError

SAMPLE = 256  # photos that are read: four times as many changed nothing (docs/decisions/precision.md)


@dataclass(frozen=True, eq=False)
class Evidence:
    """The user's own photos.

    Attributes:
        photos: to calibrate INT8 on and to compare graphs on; any number, ``SAMPLE`` of them are read.
        split: labelled photos to measure MAP on, or ``None``.
    """

    photos: Sequence[Path] = ()
    split: RetrievalSplit | None = None

    @classmethod
    def from_table(cls, table: Path, split: str = "valid") -> "Evidence":
        """Take the training photos of a label table to calibrate on, and a split of it to measure MAP on.

        Raises:
            LabelsError: the table does not say what it must.
        """
        return cls(read_labels(table, "train").paths, read_retrieval(table, split))

    def images(self, preprocessing: Preprocessing) -> NDArray[np.uint8]:
        """Return a sample of the photos as model inputs, uint8 ``(n, S, S, 3)``, in an order of no meaning.

        Raises:
            ExportError: not one of them can be read.
        """
        order = np.random.default_rng(0).permutation(len(self.photos))[:SAMPLE]
        images, unreadable = [], ""
        for i in progress_bar(order, "reading photos", None, "photo"):
            try:
                images.append(preprocessing.read(self.photos[i]))
            except ImageError as error:
                unreadable = str(error)
        if not images:
            raise ExportError(f"none of {len(self.photos)} photos can be read, such as {unreadable}")
        return np.stack(images)
