"""Chooses the reader for a path: a label table, or a folder with a label table or with index files."""

import logging
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fashionsdk.labels._index_files import index_labels, index_retrieval
from fashionsdk.labels._label_table import LabelTable, read_table
from fashionsdk.labels._label_types import Labels, RetrievalSplit
from fashionsdk.labels._table_splits import table_labels, table_retrieval

TABLE_NAME = "labels.csv"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LabelSource:
    """Where labels come from. A table is read once, however many splits are asked for.

    Attributes:
        path: the table, or the folder.
        table: the table's content; None for a folder of index files.
    """

    path: Path
    table: LabelTable | None

    @classmethod
    def open(cls, path: str | Path, attributes: str | Iterable[str] | None = None) -> "LabelSource":
        """Read a label table, or the one in a folder; log its notes as warnings.

        Args:
            path: the table, a folder that holds ``labels.csv``, or a folder of index files.
            attributes: the table's columns that are attributes; None for all that seem to be. Index files name theirs.

        Raises:
            LabelsError: the table is missing or damaged.
            ValueError: one of ``attributes`` is no column of the table.
        """
        path = Path(path)
        file = table_path(path)
        if file is None:
            return cls(path, None)
        table = read_table(file, attributes)
        for note in table.notes:
            logger.warning("%s: %s", file, note)
        return cls(path, table)

    def labels(self, split: str) -> Labels:
        """Return one split's labels, as `read_labels` does."""
        return index_labels(self.path, split) if self.table is None else table_labels(self.table, split)

    def retrieval(self, split: str) -> RetrievalSplit:
        """Return one split's queries and candidates, as `read_retrieval` does."""
        folder = self.path if os.path.isdir(self.path) else self.path.parent
        if self.table is None or os.path.isfile(folder / f"query_{split}.txt"):
            return index_retrieval(folder, split)
        return table_retrieval(self.table, split)

    def other_splits(self, *splits: str) -> Counter[str]:
        """Return how many rows of the table each other split has; none for index files."""
        counts = Counter[str]() if self.table is None else self.table.splits()
        return Counter({split: count for split, count in counts.items() if split not in splits})


def read_labels(path: str | Path, split: str, attributes: str | Iterable[str] | None = None) -> Labels:
    """Read one split's labels from a label table, a folder that holds ``labels.csv``, or a folder of index files.

    A table's attributes are its columns, with the values of all splits, sorted by name.

    Args:
        path: the table or the folder.
        split: the split's name.
        attributes: as for `LabelSource.open`.

    Raises:
        LabelsError: there is nothing to read, a file is damaged, an index is unknown, or the split is empty.
        ValueError: one of ``attributes`` is no column of the table.
    """
    return LabelSource.open(path, attributes).labels(split)


def read_retrieval(path: str | Path, split: str, attributes: str | Iterable[str] | None = None) -> RetrievalSplit:
    """Read one split's queries and candidates.

    They come from the first of these that exists: the index files ``query_SPLIT.txt`` and ``candidate_SPLIT.txt`` in
    the folder or beside the table; the table's column ``role``; a fixed rule: of each value's photos, in table order,
    every fifth from the first is a query.

    Args:
        path: the table or the folder.
        split: the split's name.
        attributes: as for `LabelSource.open`.

    Raises:
        LabelsError: there is nothing to read, a file is damaged, an index is unknown, or the split is empty.
        ValueError: one of ``attributes`` is no column of the table.
    """
    return LabelSource.open(path, attributes).retrieval(split)


def table_path(path: str | Path) -> Path | None:
    """Return the label table at ``path``, which is the table or its folder; None for a folder without one."""
    path = Path(path)
    if os.path.isdir(path):
        return path / TABLE_NAME if os.path.isfile(path / TABLE_NAME) else None
    return path
