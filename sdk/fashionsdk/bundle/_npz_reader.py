"""Read arrays of a known type and shape from an ``.npz`` file: names, types and shapes are checked before contents.

``numpy.load`` allocates what a file claims, and a megabyte of zipped zeros is a gigabyte of zeros.
"""

import math
import os
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

MAX_ROWS = 1024  # an export writes 16
MAX_BYTES = 1 << 29  # of all arrays: 40 photos of the largest side
_MAX_DIRECTORY = 4096  # bytes of the list of a few files
_MAX_HEADER = 1024  # characters of an array's description; NumPy writes 128
_END = struct.Struct("<4s4H2LH")  # the end of a zip file that has no comment
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}

Kind: TypeAlias = tuple[np.dtype[Any], tuple[int, ...]]  # type, and shape of a row


def read_arrays(path: Path, kinds: Mapping[str, Kind]) -> dict[str, NDArray[Any]]:
    """Read exactly these arrays, which have equally many rows, 1 to ``MAX_ROWS``.

    Raises:
        Exception: the file has something else, or is damaged. A damaged archive fails in many ways: with ``zipfile``'s,
            ``zlib``'s and other errors.
    """
    with path.open("rb") as file:
        _check_directory(file)
        with zipfile.ZipFile(file) as archive:
            entries = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if sorted(entries) != sorted(kinds) or len(archive.infolist()) != len(kinds):
                raise ValueError(f"it holds {', '.join(sorted(entries)):.200}; expected {', '.join(sorted(kinds))}")
            if (total := sum(info.file_size for info in entries.values())) > MAX_BYTES:
                raise ValueError(f"it holds {total} bytes; expected {MAX_BYTES} at most")
            arrays = {name: _read(archive, entries[name], name, *kind) for name, kind in kinds.items()}
    rows = {name: len(array) for name, array in arrays.items()}
    if len(set(rows.values())) > 1:
        raise ValueError(f"it has rows of {rows}; expected one number for all")
    return arrays


def _check_directory(file: BinaryIO) -> None:
    """Check the end of a zip file, before its directory is read, which may list millions of files."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _END.size, 0))
    end = file.read()
    if len(end) < _END.size or not end.startswith(b"PK\5\6"):
        raise ValueError("it is no zip file, or it is cut off")
    _, _, _, _, count, length, _, comment = _END.unpack(end)
    if length > _MAX_DIRECTORY or comment:
        raise ValueError(f"it lists {count} files in {length} bytes; expected a few")
    file.seek(max(size - _END.size - 20, 0))
    if file.read(4) == b"PK\6\7":  # would overrule what was checked above; only files of over 4 GB need it
        raise ValueError("it is a zip file for over 4 GB")
    file.seek(0)


def _read(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, dtype: np.dtype[Any], row: tuple[int, ...]
) -> NDArray[Any]:
    with archive.open(info) as member:
        if (version := np.lib.format.read_magic(member)) not in _HEADERS:
            raise ValueError(f"{name} has the .npy version {version}")
        read_header = _HEADERS[version]
        shape, fortran, kind = read_header(member, max_header_size=_MAX_HEADER)
        if kind != dtype or shape[1:] != row or fortran:
            raise ValueError(f"{name} is {kind} {shape}; expected {dtype} (n,) + {row}")
        if not 1 <= shape[0] <= MAX_ROWS:
            rows = "no images" if shape[0] == 0 else f"{shape[0]} rows"
            raise ValueError(f"{name} has {rows}; expected 1 to {MAX_ROWS}")
        length = math.prod(shape) * dtype.itemsize
        if length > MAX_BYTES:
            raise ValueError(f"{name} has {length} bytes; expected {MAX_BYTES} at most")
        content = member.read(length)
        if len(content) != length or member.read(1):
            raise ValueError(f"{name} is shorter or longer than its shape {shape}")
    return np.frombuffer(content, dtype).reshape(shape).copy()
