"""Reads the index files of the ASEN papers.

``meta.json`` names each data set's attributes and counts their values. ``VALUES``, where present, names them.
``filenames_SPLIT.txt`` lists one image path a line. A line of ``label_SPLIT.txt`` is ``image attribute value [attribute
value ...]``, one of ``query_SPLIT.txt`` and ``candidate_SPLIT.txt`` is ``image attribute value``, all indices from 0.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.files.regular_file import read_text
from fashionsdk.attributes import Attribute
from fashionsdk.errors import LabelsError
from fashionsdk.labels._label_types import Labels, RetrievalSplit


def index_labels(folder: Path, split: str) -> Labels:
    """Read ``label_SPLIT.txt``.

    Raises:
        LabelsError: a file is missing or damaged, an index is out of range, or the split is empty.
    """
    attributes, images = read_attributes(folder), _filenames(folder, split)
    rows = _read_rows(folder / f"label_{split}.txt", images, attributes)
    return Labels(folder, images, attributes, rows)


def index_retrieval(folder: Path, split: str) -> RetrievalSplit:
    """Read ``query_SPLIT.txt`` and ``candidate_SPLIT.txt``.

    Raises:
        LabelsError: a file is missing or damaged, an index is out of range, or the split is empty.
    """
    attributes, images = read_attributes(folder), _filenames(folder, split)
    queries = _read_rows(folder / f"query_{split}.txt", images, attributes)
    candidates = _read_rows(folder / f"candidate_{split}.txt", images, attributes)
    return RetrievalSplit(folder, images, attributes, queries, candidates)


def read_attributes(folder: Path) -> tuple[Attribute, ...]:
    """Read ``meta.json`` of ``folder``, or of its parent when several data sets share one.

    The data set is the file's only one, or the one named like the folder. Values without names get their index as
    name: "0", "1", ...

    Raises:
        LabelsError: there is no such file, or it does not describe the data set.
    """
    path = next((p for p in (folder / "meta.json", folder.parent / "meta.json") if os.path.isfile(p)), None)
    if path is None:
        raise LabelsError(f"{folder}: no meta.json here or in the folder above; expected the ASEN papers' index files")
    try:
        meta = json.loads(read_text(path))
        name = next(iter(meta)) if len(meta) == 1 else folder.resolve().name
        if name not in meta:
            raise LabelsError(f"{path}: describes {', '.join(meta)}, not {name!r}; name the folder like its data set")
        return tuple(_attribute(meta[name], attribute) for attribute in meta[name]["ATTRIBUTES"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise LabelsError(f"{path}: not a meta.json of the ASEN papers: {error!r}") from error


def _attribute(meta: Any, name: str) -> Attribute:
    values = meta.get("VALUES", {}).get(name) or [str(i) for i in range(meta["ATTRIBUTES_NUM"][name])]
    if len(values) != meta["ATTRIBUTES_NUM"][name]:
        raise ValueError(f"{name}: {len(values)} value names for {meta['ATTRIBUTES_NUM'][name]} values")
    return Attribute(name, tuple(values))


def _filenames(folder: Path, split: str) -> tuple[str, ...]:
    return tuple(_lines(folder / f"filenames_{split}.txt"))


def _lines(path: Path) -> list[str]:
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(f"{path}: cannot be read: {error}") from error
    if not lines:
        raise LabelsError(f"{path}: is empty; expected one entry a line")
    return lines


def _read_rows(path: Path, images: tuple[str, ...], attributes: tuple[Attribute, ...]) -> NDArray[np.int32]:
    rows: list[tuple[int, int, int]] = []
    for number, line in enumerate(_lines(path), start=1):
        try:
            if not line.strip():
                raise ValueError("is blank; expected an image, then pairs of attribute and value")
            image, *pairs = map(int, line.split())
            if not pairs or len(pairs) % 2:
                raise ValueError(f"{len(pairs)} numbers after the image; expected pairs of attribute and value")
            for attribute, value in zip(pairs[::2], pairs[1::2], strict=True):
                _check_range(image, attribute, value, len(images), attributes)
                rows.append((image, attribute, value))
        except ValueError as error:
            raise LabelsError(f"{path}, line {number}: {error}") from error
    return np.array(rows, np.int32)


def _check_range(image: int, attribute: int, value: int, images: int, attributes: tuple[Attribute, ...]) -> None:
    if not 0 <= image < images:
        raise ValueError(f"image {image}; the split lists {images} images")
    if not 0 <= attribute < len(attributes):
        raise ValueError(f"attribute {attribute}; meta.json names {len(attributes)}")
    if not 0 <= value < len(attributes[attribute].values):
        raise ValueError(
            f"unknown value {value} of {attributes[attribute].name}; meta.json counts "
            f"{len(attributes[attribute].values)}"
        )
