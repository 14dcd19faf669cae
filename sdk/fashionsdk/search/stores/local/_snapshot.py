"""A snapshot: what the database held after some write, as arrays that are mapped from files and scanned.

It is an index of the database, and can be rebuilt from it at any time. A folder holds

- ``header.json``: the format, the write's number, G, the contract, and the files of attributes and fields;
- ``places``: int64 ``(G,)``, in order;
- for each attribute ``vectors-N``, ``present-N`` and, for int8, ``lengths-N``;
- for each metadata field ``numbers-N``, int32 ``(G,)``, and ``values-N.json``; see `fashionsdk.search.scan.Columns`.

It is written under another name, flushed, and renamed. Numbers are little-endian.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.files.atomic_file import sync
from fashionsdk.search.scan import (
    MISSING,
    Column,
    Columns,
    Rows,
    Values,
    VectorColumn,
    open_vectors,
    stored_dtype,
)
from fashionsdk.search.stores._contract import Contract

FORMAT_VERSION = 1
HEADER = "header.json"


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An open snapshot.

    Attributes:
        name: its folder's name.
        version: number of the write after which it was taken.
        places: of its items, int64 ``(G,)``, ascending.
        stored: attribute -> vectors in the contract's codec ``(G, D_a)``.
        rows: the same to scan.
        fields: field -> reads its column.
    """

    name: str
    version: int
    places: NDArray[np.int64]
    stored: Mapping[str, NDArray[Any]]
    rows: Rows
    fields: Mapping[str, Column]

    @classmethod
    def open(cls, folder: Path, contract: Contract) -> "Snapshot":
        """Map a snapshot's files.

        Raises:
            OSError: a file is missing or cannot be read.
            ValueError: it is damaged, of another format, or of another gallery.
        """
        header = json.loads((folder / HEADER).read_bytes())
        if header.get("format") != FORMAT_VERSION or header.get("contract") != contract_id(contract):
            raise ValueError(f"the snapshot {folder} is of another format or gallery")
        count = header["count"]
        dtype = stored_dtype(contract.codec)
        stored, vectors, present = {}, {}, {}
        for number, (name, length) in enumerate(contract.dimensions.items()):
            stored[name] = _mapped(folder / f"vectors-{number}", dtype, (count, length))
            lengths = _mapped(folder / f"lengths-{number}", np.dtype("<f4"), (count,)) if dtype == np.uint8 else None
            vectors[name] = open_vectors(contract.codec, stored[name], lengths, constant=True)
            here = _mapped(folder / f"present-{number}", np.dtype(np.bool_), (count,))
            present[name] = None if header["whole"][number] else here
        fields = _Fields(folder, header["fields"], count)
        places = _mapped(folder / "places", np.dtype("<i8"), (count,))
        rows = Rows(count, vectors, present, Columns(count, fields.__getitem__))
        return cls(folder.name, header["version"], places, stored, rows, fields)


class _Fields(Mapping[str, Column]):
    """The columns of a snapshot's fields, read when they are asked for.

    Their files are mapped at once: a newer snapshot may remove them before the first question.
    """

    def __init__(self, folder: Path, names: Sequence[str], count: int) -> None:
        self._count = count
        self._files = {
            name: (
                _mapped(folder / f"numbers-{number}", np.dtype("<i4"), (count,)),
                np.memmap(folder / f"values-{number}.json", np.uint8, "r"),
            )
            for number, name in enumerate(names)
        }

    def __getitem__(self, field: str) -> Column:
        if field not in self._files:
            return Column(np.full(self._count, MISSING, np.int32), Values())
        numbers, values = self._files[field]
        return Column(numbers, Values(json.loads(values.tobytes())))

    def __iter__(self) -> Any:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class SnapshotWriter:
    """Writes a snapshot's files, items in order, some at a time. Nothing of the database is needed for it.

    Args:
        folder: a new folder.
        contract: of the gallery.
    """

    def __init__(self, folder: Path, contract: Contract) -> None:
        self._folder, self._contract = folder, contract
        self._count = 0
        self._whole = dict.fromkeys(contract.dimensions, True)
        self._values: dict[str, Values] = {}
        self._files: dict[str, BinaryIO] = {}

    def values(self, field: str) -> Values:
        """Return the values of a field, to number an item's value with."""
        return self._values.setdefault(field, Values())

    def adopt(self, field: str, values: Values) -> None:
        """Take a field's values over, so that the numbers of its column stay."""
        self._values[field] = values

    def append(
        self, places: NDArray[np.int64], stored: Mapping[str, NDArray[Any]], numbers: Mapping[str, NDArray[np.int32]]
    ) -> None:
        """Write n items.

        Args:
            places: ``(n,)``, after all that were written before.
            stored: attribute -> vectors ``(n, D_a)`` in the codec.
            numbers: field -> numbers of its `values`, ``(n,)``; a field that is not named is missing.
        """
        self._write("places", places.astype("<i8"))
        for number, name in enumerate(self._contract.dimensions):
            column = VectorColumn.of(self._contract.codec, stored[name])
            self._whole[name] &= column.whole
            self._write(f"vectors-{number}", np.asarray(stored[name], stored_dtype(self._contract.codec)))
            self._write(f"present-{number}", column.present)
            if self._contract.codec == "int8":
                self._write(f"lengths-{number}", column.lengths.astype("<f4"))
        fields = list(self._values)
        for name, values in numbers.items():
            file = self._file(f"numbers-{fields.index(name)}")
            file.seek(4 * self._count)  # what is left out before reads as zeros: missing
            file.write(values.astype("<i4").tobytes())
        self._count += len(places)

    def finish(self, version: int) -> None:
        """Write the rest, and flush all to disk."""
        for number, values in enumerate(self._values.values()):
            self._file(f"numbers-{number}").truncate(4 * self._count)
            self._file(f"values-{number}.json").write(json.dumps(values.since(0)).encode())
        header = {
            "format": FORMAT_VERSION,
            "version": version,
            "count": self._count,
            "contract": contract_id(self._contract),
            "whole": [self._whole[name] for name in self._contract.dimensions],
            "fields": list(self._values),
        }
        self._file(HEADER).write(json.dumps(header).encode())
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        self.close()
        sync(self._folder)

    def close(self) -> None:
        """Close the files. What `finish` has not flushed by then may be lost, as on a full disk."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()

    def _file(self, name: str) -> BinaryIO:
        if name not in self._files:
            self._files[name] = (self._folder / name).open("wb")
        return self._files[name]

    def _write(self, name: str, array: NDArray[Any]) -> None:
        self._file(name).write(np.ascontiguousarray(array).data)


def entry_numbers(writer: SnapshotWriter, entries: Sequence[Mapping[str, Any]]) -> dict[str, NDArray[np.int32]]:
    """Return the numbers of n items' values by field; new values are noted in the writer."""
    return {
        name: Column.numbers_of(writer.values(name), name, entries)
        for name in dict.fromkeys(name for entry in entries for name in entry)
    }


def contract_id(contract: Contract) -> list[Any]:
    """Return what a snapshot must have in common with its gallery."""
    return [contract.digest, contract.codec, *([name, length] for name, length in contract.dimensions.items())]


def _mapped(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    expected = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if path.stat().st_size != expected:
        raise ValueError(f"{path} has {path.stat().st_size} bytes; expected {expected}")
    if not expected:  # no system maps nothing
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", shape=shape)


def remove_others(index: Path, kept: Iterable[str]) -> None:
    """Remove the snapshots that nobody needs any more; who has one mapped goes on reading it."""
    import shutil

    names = set(kept)
    for folder in index.iterdir():
        if folder.name not in names:
            shutil.rmtree(folder, ignore_errors=True)
