"""Takes a new snapshot: of a view, by merging its snapshot with what was written since; or of the whole database."""

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk._tools.files.atomic_file import sync
from fashionsdk.search.scan import MISSING, Column, Values
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._packing import unpacked
from fashionsdk.search.stores.local._snapshot import SnapshotWriter, entry_numbers
from fashionsdk.search.stores.local._view import READ_AT_ONCE, View

ROWS_AT_ONCE = 32_768  # copied at a time, so that searches get their turn


@contextmanager
def building(index: Path) -> Iterator[bool]:
    """Tell in the block whether this process alone may take a snapshot now. A process that is killed lets go."""
    index.mkdir(exist_ok=True)
    descriptor = os.open(index.with_name(".building"), os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


def write_view(index: Path, contract: Contract, view: View) -> str:
    """Write a view as a snapshot, and return its name.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    with _new_folder(index, f"{view.version}") as (folder, name):
        writer = SnapshotWriter(folder, contract)
        try:
            _merge(writer, view)
            writer.finish(view.version)
        finally:
            writer.close()
    return name


def write_database(index: Path, contract: Contract, connection: sqlite3.Connection, version: int) -> str:
    """Write all items of the connection's transaction as a snapshot, and return its name.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    with _new_folder(index, f"{version}") as (folder, name):
        writer = SnapshotWriter(folder, contract)
        try:
            rows = connection.execute("SELECT place, vectors, metadata FROM items ORDER BY place")
            while some := rows.fetchmany(READ_AT_ONCE):
                places, blobs, texts = zip(*some, strict=True)
                numbers = entry_numbers(writer, [json.loads(text) for text in texts])
                writer.append(np.array(places, np.int64), unpacked(contract, blobs), numbers)
            writer.finish(version)
        finally:
            writer.close()
    return name


@contextmanager
def _new_folder(index: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Yield a folder to fill and the name that it gets; what a killed process left is removed before."""
    for left in index.glob("*.partial"):
        shutil.rmtree(left, ignore_errors=True)
    taken = {path.name for path in index.iterdir()}
    name = next(each for number in range(len(taken) + 1) if (each := f"{name}-{number}") not in taken)
    partial = index / f"{name}.partial"
    partial.mkdir()
    try:
        yield partial, name
        partial.rename(index / name)
        sync(index)
    except BaseException:
        with suppress(OSError):
            shutil.rmtree(partial)
        raise


def _merge(writer: SnapshotWriter, view: View) -> None:
    """Write the items of a view's parts in the order of their places."""
    snapshot, delta = view.snapshot, view.delta
    first = _kept(0 if snapshot is None else len(snapshot.places), view.stale)
    second = _kept(delta.count, delta.stale)
    old = snapshot.places[first] if snapshot is not None else np.empty(0, np.int64)
    places = np.concatenate([old, delta.places[second]])
    order = np.argsort(places, kind="stable")
    rows = np.concatenate([first, second])[order]
    is_old = (np.arange(len(order)) < len(first))[order]
    places = places[order]
    columns = _field_columns(writer, view)
    for part in slices(len(order), ROWS_AT_ONCE):
        chosen, here = rows[part], is_old[part]
        stored = {
            name: _picked(snapshot.stored[name] if snapshot is not None else None, column.stored, chosen, here)
            for name, column in delta.vectors.items()
        }
        numbers = {name: _picked(*pair, chosen, here) for name, pair in columns.items()}
        writer.append(places[part], stored, numbers)


def _kept(count: int, stale: NDArray[np.int64]) -> NDArray[np.int64]:
    kept = np.ones(count, np.bool_)
    kept[stale] = False
    return np.flatnonzero(kept)


def _picked(
    old: NDArray[Any] | None, new: NDArray[Any], rows: NDArray[np.int64], is_old: NDArray[np.bool_]
) -> NDArray[Any]:
    """Return some rows, each from the one or the other array."""
    picked = np.empty((len(rows), *new.shape[1:]), new.dtype)
    if old is not None:
        picked[is_old] = old[rows[is_old]]
    picked[~is_old] = new[rows[~is_old]]
    return picked


def _field_columns(writer: SnapshotWriter, view: View) -> dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Return each field's numbers in the snapshot and in the delta, as the writer's values count them."""
    delta, columns = view.delta, {}
    entries = delta.metadata[: delta.count]
    fields = view.snapshot.fields if view.snapshot is not None else {}
    count = len(view.snapshot.places) if view.snapshot is not None else 0
    for name in dict.fromkeys([*fields, *(name for entry in entries for name in entry)]):
        known = fields[name] if name in fields else Column(np.full(count, MISSING, np.int32), Values())
        writer.adopt(name, known.values)
        columns[name] = known.numbers, Column.numbers_of(writer.values(name), name, entries)
    return columns
