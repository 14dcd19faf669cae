"""Finds photos that are both for training and for validation, under whatever name: they would make MAP too good."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fashionsdk.labels import Split
from fashionsdk_training.errors import DataError

MOST_NAMED = 5
BLOCK = 4096  # bytes from the middle of a file, which are compared before whole files are


def check_splits_differ(path: str | Path, train: Split, valid: Split, names: tuple[str, str]) -> None:
    """Check that no photo of ``valid`` is in ``train``: the same path, the same file, or a file with the same bytes.

    Only files of equal size are read, first a block of each. A photo that cannot be read is left to the decoder.

    Args:
        path: the table or folder, for the message.
        train: the photos to train on.
        valid: the photos to validate with.
        names: the two splits' names.

    Raises:
        DataError: a photo is in both. The message names the first few with their lines.
    """
    if both := _shared(train, valid):
        named = "; ".join(f"{train.place(first)} and {valid.place(second)}" for first, second in both[:MOST_NAMED])
        more = f"; and {len(both) - MOST_NAMED} more" if len(both) > MOST_NAMED else ""
        raise DataError(
            f"{path}: {len(both)} photos are in both {names[0]!r} and {names[1]!r}, first {named}{more}: a model that "
            "has seen the answers cannot be evaluated on them; give each photo one split"
        )


@dataclass(frozen=True)
class _Photo:
    trained: bool
    index: int
    path: Path
    size: int = -1
    identity: tuple[int, int] = (0, 0)


def _shared(train: Split, valid: Split) -> list[tuple[int, int]]:
    """Return for each photo of ``valid`` that is in ``train``: one index into ``train.images``, and its own."""
    photos = [_Photo(split is train, index, path) for split in (train, valid) for index, path in enumerate(split.paths)]
    pairs: dict[int, int] = {}
    for group in [*_groups([photos], _path), *_equal_files(photos)]:
        first = min(photo.index for photo in group if photo.trained)
        pairs = {photo.index: first for photo in group if not photo.trained} | pairs
    return [(first, index) for index, first in sorted(pairs.items())]


def _equal_files(photos: Iterable[_Photo]) -> list[list[_Photo]]:
    """Return groups of photos, of both splits, whose files have the same bytes."""
    groups = _groups([[found for photo in photos if (found := _look_up(photo)).size > 0]], lambda photo: photo.size)
    same_file = _groups(groups, lambda photo: photo.identity)
    return [*same_file, *_groups(_groups(groups, _block), _digest)]


def _look_up(photo: _Photo) -> _Photo:
    try:
        status = os.stat(photo.path)
    except (OSError, ValueError):  # a NUL in a path is a ValueError
        return photo
    return _Photo(photo.trained, photo.index, photo.path, status.st_size, (status.st_dev, status.st_ino))


def _groups(groups: Iterable[list[_Photo]], key: Callable[[_Photo], Hashable]) -> list[list[_Photo]]:
    """Return parts of the groups with equal keys that hold photos of both splits."""
    result = []
    for group in groups:
        parts: dict[Hashable, list[_Photo]] = defaultdict(list)
        for photo in group:
            parts[key(photo)].append(photo)
        result += [part for part in parts.values() if len({photo.trained for photo in part}) > 1]
    return result


def _path(photo: _Photo) -> Hashable:
    return photo.path


def _block(photo: _Photo) -> Hashable:
    try:
        with photo.path.open("rb") as file:
            file.seek(max(0, (photo.size - BLOCK) // 2))
            return file.read(BLOCK)
    except OSError:
        return photo  # equal to no other


def _digest(photo: _Photo) -> Hashable:
    try:
        with photo.path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").digest()
    except OSError:
        return photo
