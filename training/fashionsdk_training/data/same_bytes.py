"""Finds files with the same bytes, reading as little of them as that takes."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

BLOCK = 4096  # bytes from the middle of a file, which are compared before whole files are

Group = list[int]  # positions of files


def equal_files(paths: Sequence[Path], matters: Callable[[Group], bool] = lambda group: True) -> list[Group]:
    """Return groups of two files or more that have the same bytes, as positions in ``paths``.

    Only files of equal size are read, first a block of each. Files that are empty or cannot be read are in no group.

    Args:
        paths: the files.
        matters: tells whether a group is of interest; others are neither read further nor returned.
    """
    files = [_look_up(position, path) for position, path in enumerate(paths)]
    sized = _parts([[file for file in files if file.size > 0]], lambda file: file.size, matters)
    same_file = _parts(sized, lambda file: file.identity, matters)
    same_bytes = _parts(_parts(sized, _block, matters), _digest, matters)
    return [[file.position for file in group] for group in (*same_file, *same_bytes)]


@dataclass(frozen=True)
class _File:
    position: int
    path: Path
    size: int = -1
    identity: tuple[int, int] = (0, 0)


def _look_up(position: int, path: Path) -> _File:
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # a NUL in a path is a ValueError
        return _File(position, path)
    return _File(position, path, status.st_size, (status.st_dev, status.st_ino))


def _parts(
    groups: Iterable[list[_File]], key: Callable[[_File], Hashable], matters: Callable[[Group], bool]
) -> list[list[_File]]:
    """Return the parts of the groups whose keys are equal, of two files or more, that matter."""
    result = []
    for group in groups:
        parts: dict[Hashable, list[_File]] = defaultdict(list)
        for file in group:
            parts[key(file)].append(file)
        result += [part for part in parts.values() if len(part) > 1 and matters([file.position for file in part])]
    return result


def _block(file: _File) -> Hashable:
    try:
        with file.path.open("rb") as opened:
            opened.seek(max(0, (file.size - BLOCK) // 2))
            return opened.read(BLOCK)
    except OSError:
        return file  # equal to no other


def _digest(file: _File) -> Hashable:
    try:
        with file.path.open("rb") as opened:
            return hashlib.file_digest(opened, "blake2b").digest()
    except OSError:
        return file
