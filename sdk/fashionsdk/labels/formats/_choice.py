"""Chooses the reader of a table: by the format that is named, else by the file's ending or the folder's files."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from fashionsdk.labels.formats._delimited import read_delimited
from fashionsdk.labels.formats._hugging_face import METADATA, metadata_files, read_hugging_face
from fashionsdk.labels.formats._json_lines import read_json_lines
from fashionsdk.labels.formats._parquet import read_parquet
from fashionsdk.labels.formats._table_rows import TableRows, house_rows
from fashionsdk.labels.formats._value_folders import holds_value_folders, read_value_folders

Format: TypeAlias = Literal["csv", "jsonl", "parquet", "huggingface", "folders", "shopify", "google"]
FORMATS: tuple[Format, ...] = get_args(Format)
TABLE_NAMES = ("labels.csv", "labels.jsonl", "labels.parquet")  # in a folder, the first that exists
_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet", ".pq": "parquet"}


def table_file(path: Path) -> Path | None:
    """Return the label table at ``path``: itself, or a folder's ``labels.csv``, ``.jsonl`` or ``.parquet``."""
    if not os.path.isdir(path):
        return path
    return next((path / name for name in TABLE_NAMES if os.path.isfile(path / name)), None)


def read_rows(
    path: Path, kind: str | None = None, *, photos: Path | None = None, attributes: Sequence[str] | None = None
) -> TableRows | None:
    """Read a label table of any format; None for a folder that holds none.

    Args:
        path: a table or a folder.
        kind: one of `FORMATS`; None to tell it by the path, and of text by the columns.
        photos: the folder that photos are in, if it is not the table's own.
        attributes: those that will be used.

    Raises:
        LabelsError: the table cannot be read.
        ValueError: ``kind`` is no format, or photos are elsewhere than in the folders that label them.
    """
    if kind is not None and kind not in FORMATS:
        raise ValueError(f"unknown format {kind!r}; expected one of {', '.join(FORMATS)}")
    file = table_file(path)
    kind = kind or (_folder_format(path) if file is None else _file_format(file))
    if kind == "folders":
        if photos is not None:
            raise ValueError("photos in folders by value are where their values are; leave out the photos' folder")
        return read_value_folders(path, attributes)
    if kind == "huggingface":
        return read_hugging_face(path, photos)
    if file is None:
        return None if kind is None else read_delimited(path, photos, kind)
    if kind in ("jsonl", "parquet"):
        text, notes = (read_json_lines if kind == "jsonl" else read_parquet)(file)
        return house_rows(text, photos, notes)
    return read_delimited(file, photos, kind)


def _folder_format(path: Path) -> Format | None:
    if _holds_index_files(path):
        return None
    if metadata_files(path):
        return "huggingface"
    return "folders" if holds_value_folders(path) else None


def _file_format(path: Path) -> str | None:
    return "huggingface" if path.name in METADATA else _ENDINGS.get(path.suffix.lower())


def _holds_index_files(path: Path) -> bool:
    try:
        names = os.listdir(path)
    except OSError:  # the reader of index files says why
        return True
    return "meta.json" in names or any(name.startswith("filenames") for name in names)
