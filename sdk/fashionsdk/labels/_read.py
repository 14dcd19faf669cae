"""Chooses the reader for a path: a label table, or a folder with a label table or with index files."""

import os
from pathlib import Path

from fashionsdk.labels._index_files import index_labels, index_retrieval
from fashionsdk.labels._label_table import read_table, table_labels, table_retrieval
from fashionsdk.labels._label_types import Labels, RetrievalSplit

TABLE_NAME = "labels.csv"


def read_labels(path: str | Path, split: str) -> Labels:
    """Read one split's labels from a label table, a folder that holds ``labels.csv``, or a folder of index files.

    A table's attributes are its columns, with the values of all splits, sorted by name.

    Raises:
        LabelsError: there is nothing to read, a file is damaged, an index is unknown, or the split is empty.
    """
    path = Path(path)
    if (table := table_path(path)) is not None:
        return table_labels(read_table(table), split)
    return index_labels(path, split)


def read_retrieval(path: str | Path, split: str) -> RetrievalSplit:
    """Read one split's queries and candidates.

    They come from the first of these that exists: the index files ``query_SPLIT.txt`` and ``candidate_SPLIT.txt`` in
    the folder or beside the table; the table's column ``role``; a fixed rule: of each value's photos, in table order,
    every fifth from the first is a query.

    Raises:
        LabelsError: there is nothing to read, a file is damaged, an index is unknown, or the split is empty.
    """
    path = Path(path)
    folder = path if os.path.isdir(path) else path.parent
    table = table_path(path)
    if table is None or os.path.isfile(folder / f"query_{split}.txt"):
        return index_retrieval(folder, split)
    return table_retrieval(read_table(table), split)


def table_path(path: str | Path) -> Path | None:
    """Return the label table at ``path``, which is the table or its folder; None for a folder without one."""
    path = Path(path)
    if os.path.isdir(path):
        return path / TABLE_NAME if os.path.isfile(path / TABLE_NAME) else None
    return path
