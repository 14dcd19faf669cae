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
            attributes: as for `read_table`. Index files name their attributes themselves.

        Raises:
            LabelsError: the table is missing or damaged.
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
        if self.table is None or _lists_queries(self.path, split):
            return index_retrieval(_folder(self.path), split)
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
    """
    if _lists_queries(Path(path), split):
        return index_retrieval(_folder(Path(path)), split)  # the table is not needed
    return LabelSource.open(path, attributes).retrieval(split)


def _folder(path: Path) -> Path:
    return path if os.path.isdir(path) else path.parent


def _lists_queries(path: Path, split: str) -> bool:
    """Tell whether index files in the folder or beside the table name a split's queries."""
    return os.path.isfile(_folder(path) / f"query_{split}.txt")


def table_path(path: str | Path) -> Path | None:
    """Return the label table at ``path``, which is the table or its folder; None for a folder without one."""
    path = Path(path)
    if os.path.isdir(path):
        return path / TABLE_NAME if os.path.isfile(path / TABLE_NAME) else None
    return path
