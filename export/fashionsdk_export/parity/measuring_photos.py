"""The photos that fewer bits are fitted to and judged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.progress import progress_bar
from fashionsdk.cli import note
from fashionsdk.errors import ImageError
from fashionsdk.labels import RetrievalSplit, read_labels, read_retrieval
from fashionsdk.photos import Preprocessing
from fashionsdk_export.errors import ExportError

SAMPLE = 256  # photos that are read


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

    def for_attributes(self, known: Sequence[str]) -> "Evidence":
        """Return the evidence with queries for attributes of these names only: a table may have more than a model.

        Raises:
            ExportError: the split has no query for any of them.
        """
        if self.split is None:
            return self
        shared = [attribute.name for attribute in self.split.attributes if attribute.name in known]
        split = self.split.select(shared) if shared else None
        if split is None or not len(split.queries):
            raise ExportError(f"the table has no query for {', '.join(known)}; expected some to measure MAP on")
        return Evidence(self.photos, split)

    def images(self, preprocessing: Preprocessing) -> NDArray[np.uint8]:
        """Return a sample of the photos as model inputs, uint8 ``(n, S, S, 3)``, in an order of no meaning.

        Raises:
            ExportError: not one of them can be read.
        """
        images: list[NDArray[np.uint8]] = []
        unreadable: list[str] = []
        with progress_bar(None, "reading photos", min(SAMPLE, len(self.photos)), "photo") as bar:
            for i in np.random.default_rng(0).permutation(len(self.photos)):
                if len(images) == SAMPLE:
                    break
                try:
                    images.append(preprocessing.read(self.photos[i]))
                    bar.update()
                except ImageError as error:
                    unreadable.append(str(error))
        if not images:
            raise ExportError(f"none of {len(unreadable)} photos can be read, such as {unreadable[0]}")
        if unreadable:
            note(f"{len(unreadable)} photos cannot be read and are left out, such as {unreadable[0]}")
        return np.stack(images)
