"""Choose the reader for a path: a CSV table, or a folder with a table or with index files."""

from pathlib import Path

from fashionsdk.labels._index_files import index_labels, index_retrieval
from fashionsdk.labels._label_table import read_table, table_labels, table_retrieval
from fashionsdk.labels._label_types import Labels, RetrievalSplit

TABLE_NAME = "labels.csv"


def read_labels(path: str | Path, split: str) -> Labels:
    """Read one split's labels from a CSV table, a folder that holds ``labels.csv``, or a folder of index files.

    A table's attributes are its columns, with the values of all splits, sorted by name.

    Raises:
        LabelsError: nothing to read there, a damaged file, an unknown index, or an empty split.
    """
    path = Path(path)
    if (table := _table_path(path)) is not None:
        return table_labels(read_table(table), split)
    return index_labels(path, split)


def read_retrieval(path: str | Path, split: str) -> RetrievalSplit:
    """Read one split's queries and candidates.

    They come from the index files ``query_SPLIT.txt`` and ``candidate_SPLIT.txt`` where there are some (in the folder,
    or beside the table), else from the table's column ``role``, else from a fixed rule
    (``fashionsdk.labels._label_table.fixed_roles``).

    Raises:
        LabelsError: nothing to read there, a damaged file, an unknown index, or an empty split.
    """
    path = Path(path)
    folder = path if path.is_dir() else path.parent
    table = _table_path(path)
    if table is None or (folder / f"query_{split}.txt").is_file():
        return index_retrieval(folder, split)
    return table_retrieval(read_table(table), split)


def _table_path(path: Path) -> Path | None:
    if path.is_dir():
        return path / TABLE_NAME if (path / TABLE_NAME).is_file() else None
    return path
