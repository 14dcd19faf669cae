"""Reads the triplet lists of the CSN paper on Zappos50k.

CSN are the Conditional Similarity Networks (Veit et al., CVPR 2017, arXiv:1603.07810). ``filenames.json`` names the
photos. ``NAME_tripletlist_SPLIT.txt`` holds three photo indices a line, counted from 0: anchor, far, close.

The meaning follows the authors' ``triplet_image_loader.py``, ``tripletnet.py`` and ``main.py``. A line ``a b c`` says
that a is more like c than like b: the second photo is the network's ``y`` ("distant (negative) image"), the third its
``z`` ("close (positive) image"). Conditions 0 to 3 are class, closure, gender and heel. That program reads
``filenames.json`` as text, one path a line, in spite of its ending; this module reads a JSON list of paths as well. The
program looks for the lists in ``tripletlists/`` and for the photos in ``ut-zap50k-images/``.
"""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.files.regular_file import read_text
from fashionsdk.attributes import Attribute
from fashionsdk.errors import LabelsError
from fashionsdk.labels._label_types import Split

CSN_ATTRIBUTES = ("class", "closure", "gender", "heel")
FILENAMES, LISTS_FOLDER, PHOTOS_FOLDER = "filenames.json", "tripletlists", "ut-zap50k-images"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TripletSplit(Split):
    """Questions of one kind: in one attribute, is the anchor more like the positive than like the negative?

    Attributes:
        attributes: the A attributes. The lists have no value names.
        triplets: int32 ``(T, 4)``: anchor, positive, negative (image indices) and attribute index, as everywhere in
            this project. The files hold the negative before the positive.
    """

    triplets: NDArray[np.int32]

    def needed(self) -> "TripletSplit":
        """Return the same questions with only the photos that they need. The files list the photos of all splits."""
        used, positions = np.unique(self.triplets[:, :3], return_inverse=True)
        photos = positions.reshape(-1, 3).astype(np.int32)
        images = tuple(self.images[image] for image in used)
        return replace(self, images=images, triplets=np.column_stack([photos, self.triplets[:, 3]]))


def holds_triplets(path: str | Path) -> bool:
    """Return whether ``path`` is a folder of triplet lists, not a label table or the ASEN papers' index files."""
    return os.path.isfile(Path(path) / FILENAMES)


def read_triplets(folder: str | Path, split: str, attributes: Sequence[str] = CSN_ATTRIBUTES) -> TripletSplit:
    """Read one split's triplets of some attributes, line by line in file order, attribute by attribute.

    Args:
        folder: holds ``filenames.json``, and the lists either in ``tripletlists/`` or beside it. The photos are in
            ``ut-zap50k-images/`` if there is such a folder, else in ``folder``.
        split: ``train``, ``val`` or ``test``, as in the lists' names.
        attributes: names of the lists; attribute indices follow their order.

    Raises:
        LabelsError: a file is missing, damaged or empty, or a line does not hold three photos. The message names file
            and line.
        ValueError: no attribute is given, or one is given twice.
    """
    if not attributes or len(set(attributes)) != len(attributes):
        raise ValueError(f"attributes {', '.join(attributes) or 'none'}; expected at least one, each once")
    folder = Path(folder)
    images = _filenames(folder / FILENAMES)
    lists = folder / LISTS_FOLDER if os.path.isdir(folder / LISTS_FOLDER) else folder
    blocks = [
        _read_list(lists / f"{name}_tripletlist_{split}.txt", a, len(images)) for a, name in enumerate(attributes)
    ]
    root = folder / PHOTOS_FOLDER if os.path.isdir(folder / PHOTOS_FOLDER) else folder
    return TripletSplit(root, images, tuple(Attribute(name, ()) for name in attributes), np.concatenate(blocks))


def _filenames(path: Path) -> tuple[str, ...]:
    text = _text(path)
    names: object = _lines(text)
    if text.lstrip().startswith("["):
        try:
            names = json.loads(text)
        except ValueError as error:
            raise LabelsError(f"{path}: begins like a JSON list but is not one: {error}") from error
    if not isinstance(names, list) or not names:
        raise LabelsError(f"{path}: lists no photo; expected one path a line, or a JSON list of paths")
    for number, name in enumerate(names, start=1):
        if not isinstance(name, str) or not name.strip():
            raise LabelsError(f"{path}, entry {number}: {name!r}; expected the path of a photo")
    return tuple(names)


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(
            f"{path}: cannot be read: {error}; expected the files of the CSN authors' Zappos50k triplets"
        ) from error


def _lines(text: str) -> list[str]:
    """Split at line feeds only. ``str.splitlines`` splits at other characters too, which a path may hold."""
    text = text.rstrip("\n")
    return text.split("\n") if text else []


def _read_list(path: Path, attribute: int, images: int) -> NDArray[np.int32]:
    """Return one list as ``(T, 4)``, in the order of ``TripletSplit.triplets``."""
    lines = _lines(_text(path))
    if not lines:
        raise LabelsError(f"{path}: is empty; expected three photo indices a line")
    rows = np.empty((len(lines), 4), np.int32)
    for number, line in enumerate(lines, start=1):
        try:
            anchor, far, close = _photos(line, images)
        except ValueError as error:
            raise LabelsError(f"{path}, line {number}: {error}") from error
        rows[number - 1] = anchor, close, far, attribute
    _warn_of_repeats(path, rows)
    return rows


def _photos(line: str, images: int) -> list[int]:
    fields = line.split()
    if len(fields) != 3 or not all(field.isascii() and field.isdigit() for field in fields):
        raise ValueError(f"{line[:80]!r}; expected three photo indices: anchor, far, close")
    photos = [int(field) for field in fields]
    if max(photos) >= images:
        raise ValueError(f"photo {max(photos)}; {FILENAMES} lists {images}, counted from 0")
    return photos


def _warn_of_repeats(path: Path, rows: NDArray[np.int32]) -> None:
    anchor, positive, negative, _ = rows.T
    if repeats := int(((anchor == positive) | (anchor == negative) | (positive == negative)).sum()):
        logger.warning("%s: %d triplets name a photo twice; they count, as in the CSN program", path, repeats)
