"""Does a gallery in a folder lose what it acknowledged? Its writer is killed, and meets a full disk.

    python benchmarks kills --kills 20

A writer adds, replaces, updates and removes items, and says before and after each write which one it is. What it writes
follows from the number of the write, so a dict says what must be there. It is killed (SIGKILL) at random moments,
mostly while a snapshot is being taken. After every kill the gallery must open, hold what the dict holds after the last
acknowledged write or after the one that was under way, and answer as a gallery in memory does. Then the writer goes on.
On a full disk the write under way must fail with one line, and everything before must be there; that needs root on
Linux.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk import Contract, GalleryError, Matcher
from fashionsdk._tools.progress import progress_bar
from fashionsdk.search.stores import Items, MemoryStore
from fashionsdk.search.stores.local import create_folder, open_folder
from harness.tables import json_lines, table
from harness.this_machine import machine
from robustness.interruptions import RIGHT, mounted

COLUMNS = ("codec", "kills", "writes", "snapshots", "after a kill", "full disk")
DIMENSIONS = {"neckline": 16, "sleeve": 32}
BATCH = 20
LEAST_CHANGED = 60  # rows written that make a snapshot worth while: one is being taken most of the time
WRITER = """
import sys
sys.path[:0] = {path!r}
from robustness.kills import write_for_ever
write_for_ever(*sys.argv[1:])
"""


@dataclass
class Expected:
    """What a gallery must hold after some writes: key -> vectors of its attributes and metadata.

    Attributes:
        items: in their order.
        writes: how many there were.
    """

    items: dict[str, tuple[dict[str, NDArray[np.float32]], dict[str, Any]]] = field(default_factory=dict)
    writes: int = 0

    def step(self) -> tuple[str, list[str], Items]:
        """Do the next write here, and return its kind, its keys, and for those that have some its items."""
        rng = np.random.default_rng(self.writes)
        kind = rng.choice(["add", "replace", "update", "remove"], p=[0.5, 0.2, 0.2, 0.1]) if self.items else "add"
        keys = [f"{self.writes}-{number}" for number in range(BATCH)]
        if kind != "add":
            known = list(self.items)
            keys = [known[row] for row in rng.choice(len(known), min(BATCH, len(known)), replace=False)]
        vectors = {
            name: (rng.choice([-1, 1], size=(len(keys), length)) / np.sqrt(length)).astype(np.float32)
            for name, length in DIMENSIONS.items()
        }
        metadata = [{"write": self.writes, "price": int(price)} for price in rng.integers(0, 100, len(keys))]
        for row, key in enumerate(keys):
            if kind == "remove":
                del self.items[key]
            elif kind == "update":
                self.items[key] = (self.items[key][0], {**self.items[key][1], **metadata[row]})
            else:
                self.items[key] = ({name: rows[row] for name, rows in vectors.items()}, metadata[row])
        self.writes += 1
        return str(kind), keys, Items(keys, vectors, metadata)

    def store(self, codec: str) -> MemoryStore:
        """Return the same in memory."""
        store = MemoryStore(Contract("kills", DIMENSIONS, codec=codec))  # type: ignore[arg-type]
        if self.items:
            vectors = {name: np.stack([each[name] for each, _ in self.items.values()]) for name in DIMENSIONS}
            store.add(Items(list(self.items), vectors, [entry for _, entry in self.items.values()]))
        return store


def write_for_ever(folder: str, writes: str) -> None:
    """Do writes from this number on, and say which; end with a line on the first that fails."""
    from fashionsdk.search.stores.local import _keeper

    _keeper.LEAST_CHANGED = _keeper.MOST_CHANGED = LEAST_CHANGED
    expected = Expected()
    while expected.writes < int(writes):
        expected.step()
    store = open_folder(Path(folder))
    while True:
        os.write(1, b"try %d\n" % expected.writes)
        kind, keys, items = expected.step()
        try:
            if kind == "remove":
                store.remove(keys)
            elif kind == "update":
                store.update(keys, items.metadata)
            else:
                store.add(items, replace=kind == "replace")
        except GalleryError as error:
            os.write(1, f"failed {error}\n".encode())
            os._exit(1)
        os.write(1, b"done %d\n" % expected.writes)


def difference(folder: Path, expected: Expected, codec: str) -> str:
    """Return how a gallery differs from what is expected; "" if it does not."""
    plain = expected.store(codec)
    with open_folder(folder) as store:
        if len(store) != len(plain):
            return f"{len(store)} items; expected {len(plain)}"
        ours, others = _contents(store.items()), _contents(plain.items())
        if ours != others:
            return "other items than expected, or in another order"
        queries = {name: np.eye(3, length, dtype=np.float32) for name, length in DIMENSIONS.items()}
        if store.search(queries, 50).keys != plain.search(queries, 50).keys:
            return "other answers than expected"
    return ""


def _contents(batches: Iterator[Items]) -> list[tuple[str, bytes, str]]:
    return [
        (key, b"".join(rows[row].tobytes() for rows in batch.vectors.values()), repr(dict(batch.metadata[row])))
        for batch in batches
        for row, key in enumerate(batch.keys)
    ]


def _run_writer(folder: Path, writes: int, seconds: float | None) -> list[str]:
    """Run a writer and kill it after some seconds, or wait for its end; return its lines."""
    command = [sys.executable, "-c", WRITER.format(path=sys.path), str(folder), str(writes)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None, "opened as a pipe"
    first = process.stdout.readline()
    if seconds is not None:
        time.sleep(seconds)
        process.kill()
    lines = [first, *process.stdout.readlines()]
    process.stdout.close()
    process.wait()
    return [line for line in lines if line.endswith("\n")]


def _after(lines: list[str], folder: Path, expected: Expected, codec: str) -> str:
    """Do in ``expected`` what the writer did, and return how the gallery differs from it; "" if it does not."""
    done = max([int(line.split()[1]) for line in lines if line.startswith("done")], default=expected.writes)
    tried = max([int(line.split()[1]) for line in lines if line.startswith("try")], default=done)
    while expected.writes < done:
        expected.step()
    if not (wrong := difference(folder, expected, codec)):
        return ""
    if tried < done:
        return wrong
    expected.step()
    return f"{wrong}, nor {other}" if (other := difference(folder, expected, codec)) else ""


def measure(codec: str, folder: Path, kills: int) -> list[str]:
    """Return the row of a codec."""
    gallery = folder / "shop"
    create_folder(gallery, Contract("kills", DIMENSIONS, codec=codec))  # type: ignore[arg-type]
    draw, expected, wrong, snapshots = random.Random(0), Expected(), "", set[str]()
    for number in progress_bar(range(kills), codec, None, "kill"):
        lines = _run_writer(gallery, expected.writes, draw.uniform(0.0, 1.0))
        wrong = wrong or (f"kill {number}: {text}" if (text := _after(lines, gallery, expected, codec)) else "")
        if wrong:
            break
        with Matcher.open(f"{gallery}/") as matcher:
            snapshots.add(str(matcher.details()["snapshot"]))
    writes = expected.writes
    full = "not root"
    if os.geteuid() == 0 and shutil.which("mount"):
        with mounted(folder / "full", "size=4m") as disk:
            create_folder(disk / "shop", Contract("kills", DIMENSIONS, codec=codec))  # type: ignore[arg-type]
            expected = Expected()
            lines = _run_writer(disk / "shop", 0, None)
            full = _after(lines, disk / "shop", expected, codec) or f"{RIGHT}: {lines[-1].strip()[-80:]}"
    return [codec, str(kills), str(writes), str(len(snapshots)), wrong or RIGHT, full]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each codec (default: 20)")
    args = parser.parse_args()
    rows = []
    for codec in ("float32", "int8"):
        with tempfile.TemporaryDirectory(prefix="fashionsdk-kills-") as name:
            rows.append(measure(codec, Path(name), args.kills))
            print(json_lines([dict(zip(COLUMNS, rows[-1], strict=True))]), flush=True)
    print(f"\n{table(COLUMNS, rows)}\n")
    print(json_lines([machine("fashionsdk")]))
    sys.exit(0 if all(cell.startswith((RIGHT, "not root")) for row in rows for cell in row[4:]) else 1)


if __name__ == "__main__":
    main()
