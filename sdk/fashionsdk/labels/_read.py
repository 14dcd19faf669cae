"""Chooses the reader for a path: a label table of any format, or a folder of index files."""

import logging
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fashionsdk.errors import LabelsError
from fashionsdk.labels._index_files import index_labels, index_retrieval
from fashionsdk.labels._label_table import LabelTable, label_table
from fashionsdk.labels._label_types import Labels, RetrievalSplit
from fashionsdk.labels._table_splits import table_labels, table_retrieval
from fashionsdk.labels.corrections import Corrections, correct_questions, correct_table, read_corrections
from fashionsdk.labels.formats import frame_rows, read_rows, table_file

if TYPE_CHECKING:
    import pandas as pd

TABLE_NAME = "labels.csv"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LabelSource:
    """Where labels come from. A table is read once, however many splits are asked for.

    Attributes:
        path: the table, or the folder.
        table: the table's content, corrected; None for a folder of index files.
        corrections: what a person decided about labels; None if nothing was corrected.
    """

    path: Path
    table: LabelTable | None
    corrections: Corrections | None = None

    @classmethod
    def open(
        cls,
        path: str | Path,
        attributes: str | Iterable[str] | None = None,
        *,
        format: str | None = None,
        photos: str | Path | None = None,
        splits: bool = True,
        corrections: str | Path | None = None,
    ) -> "LabelSource":
        """Read a label table, or the one in a folder; log its notes as warnings.

        Args:
            path: a table in CSV, JSON lines or Parquet, a Shopify or Google Merchant export, a folder with such a
                table, a Hugging Face image folder, a folder of folders by value, or a folder of index files.
            attributes: names of attributes that will be used: they are attributes whatever their values are. With None
                the format or the values decide. Index files name their attributes themselves.
            format: ``csv``, ``jsonl``, ``parquet``, ``huggingface``, ``folders``, ``shopify`` or ``google``; None to
                tell it by the path and the columns.
            photos: the folder that images are relative to, if it is not the table's. Shops' exports name addresses:
                photos are looked for in this folder and those below by the names of their files.
            splits: whether a table without a column ``split`` is an error.
            corrections: a CSV file of labels that a person corrected; None for none.

        Raises:
            LabelsError: the table or the corrections are missing, damaged, or do not fit each other.
            ValueError: the format is unknown.
        """
        path, wanted = Path(path), _names(attributes)
        rows = read_rows(path, format, photos=None if photos is None else Path(photos), attributes=wanted)
        decided = None if corrections is None else read_corrections(corrections)
        if rows is None:
            if decided is not None:
                raise LabelsError(f"{path}: holds no label table; corrections of index files are not read")
            return cls(path, None)
        return cls._noted(path, label_table(rows, wanted, splits=splits), decided)

    @classmethod
    def from_frame(
        cls,
        frame: "pd.DataFrame",
        attributes: str | Iterable[str] | None = None,
        *,
        photos: str | Path | None = None,
        splits: bool = True,
    ) -> "LabelSource":
        """Read a label table from a pandas frame, whose columns are those of a CSV table; log its notes as warnings.

        Args:
            frame: a row a photo. Its index is ignored. Missing values are blank cells.
            attributes: as for `open`.
            photos: the folder that images are relative to; the current one without it.
            splits: as for `open`.

        Raises:
            TypeError: it is no frame.
            LabelsError: it is no label table.
        """
        rows = frame_rows(frame, photos)
        return cls._noted(rows.text.path, label_table(rows, attributes, splits=splits))

    @classmethod
    def of(cls, data: "Data", attributes: str | Iterable[str] | None = None) -> "LabelSource":
        """Return what is read already, or read a path as `open` does."""
        return data if isinstance(data, LabelSource) else cls.open(data, attributes)

    @classmethod
    def _noted(cls, path: Path, table: LabelTable, corrections: Corrections | None = None) -> "LabelSource":
        if corrections is not None:
            table = correct_table(table, corrections)
        for note in table.notes:
            logger.warning("%s: %s", table.path, note)
        return cls(path, table, corrections)

    @property
    def images(self) -> set[str]:
        """The images of all splits of a table; none of index files, which list one split each."""
        return set() if self.table is None else {row["image"] for row in self.table.rows}

    def labels(self, split: str) -> Labels:
        """Return one split's labels, as `read_labels` does."""
        return index_labels(self.path, split) if self.table is None else table_labels(self.table, split)

    def retrieval(self, split: str) -> RetrievalSplit:
        """Return one split's queries and candidates, as `read_retrieval` does."""
        if self.table is None or (self.path.exists() and _lists_queries(self.path, split)):
            questions = index_retrieval(_folder(self.path), split)
            return questions if self.corrections is None else correct_questions(questions, self.corrections)
        return table_retrieval(self.table, split)

    def other_splits(self, *splits: str) -> Counter[str]:
        """Return how many rows of the table each other split has; none for index files."""
        counts = Counter[str]() if self.table is None else self.table.splits()
        return Counter({split: count for split, count in counts.items() if split not in splits})


Data: TypeAlias = str | Path | LabelSource  # where labels are, or what was read of them


def read_labels(data: Data, split: str, attributes: str | Iterable[str] | None = None) -> Labels:
    """Read one split's labels from a label table of any format, or a folder of index files.

    A table's attributes are its columns, with the values of all splits, sorted by name.

    Args:
        data: the table or the folder, or what was read of it.
        split: the split's name.
        attributes: as for `LabelSource.open`, unless the table was read already.

    Raises:
        LabelsError: there is nothing to read, a file is damaged, an index is unknown, or the split is empty.
    """
    return LabelSource.of(data, attributes).labels(split)


def read_retrieval(data: Data, split: str, attributes: str | Iterable[str] | None = None) -> RetrievalSplit:
    """Read one split's queries and candidates.

    They come from the first of these that exists: the index files ``query_SPLIT.txt`` and ``candidate_SPLIT.txt`` in
    the folder or beside the table; the table's column ``role``; a fixed rule: of each value's photos, in table order,
    every fifth from the first is a query.

    Args:
        data: the table or the folder, or what was read of it.
        split: the split's name.
        attributes: as for `read_labels`.

    Raises:
        LabelsError: there is nothing to read, a file is damaged, an index is unknown, or the split is empty.
    """
    if not isinstance(data, LabelSource) and _lists_queries(Path(data), split):
        return index_retrieval(_folder(Path(data)), split)  # the table is not needed
    return LabelSource.of(data, attributes).retrieval(split)


def _folder(path: Path) -> Path:
    return path if os.path.isdir(path) else path.parent


def _lists_queries(path: Path, split: str) -> bool:
    """Tell whether index files in the folder or beside the table name a split's queries."""
    return os.path.isfile(_folder(path) / f"query_{split}.txt")


def _names(attributes: str | Iterable[str] | None) -> list[str] | None:
    return [attributes] if isinstance(attributes, str) else None if attributes is None else list(attributes)


def table_path(path: str | Path) -> Path | None:
    """Return the label table at ``path``, which is the table or its folder; None for a folder without such a file."""
    return table_file(Path(path))
