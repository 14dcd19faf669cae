"""Writes to a gallery that follow from their number, by a process that may be killed, and what must be there then."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk import Contract, GalleryError
from fashionsdk.search.stores import Items, MemoryStore, Store, open_store

DIMENSIONS = {"neckline": 16, "sleeve": 32}
BATCH = 20
LEAST_CHANGED = 60  # rows written that make a snapshot of a folder worth while: one is being taken most of the time
END_SECONDS = 60  # for a writer to notice that its server has died
WRITER = """
import sys
sys.path[:0] = {path!r}
from killed.gallery_writes import write_for_ever
write_for_ever(*sys.argv[1:])
"""


def contract(codec: str) -> Contract:
    """Return what the written vectors come from."""
    return Contract("kills", DIMENSIONS, codec=codec)  # type: ignore[arg-type]


@dataclass
class Expected:
    """What a gallery must hold after some writes: key -> vectors of its attributes and metadata.

    Attributes:
        items: in their order.
        writes: how many there were.
    """

    items: dict[str, tuple[dict[str, NDArray[np.float32]], dict[str, Any]]] = field(default_factory=dict)
    writes: int = 0

    @classmethod
    def after(cls, writes: int) -> "Expected":
        """Return what a gallery must hold after so many writes."""
        expected = cls()
        while expected.writes < writes:
            expected.step()
        return expected

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
        store = MemoryStore(contract(codec))
        if self.items:
            vectors = {name: np.stack([each[name] for each, _ in self.items.values()]) for name in DIMENSIONS}
            store.add(Items(list(self.items), vectors, [entry for _, entry in self.items.values()]))
        return store


def write_for_ever(address: str, writes: str) -> None:
    """Do writes to a gallery from this number on, and say which; end with a line on the first that fails."""
    from fashionsdk.search.stores.local import _keeper

    _keeper.LEAST_CHANGED = _keeper.MOST_CHANGED = LEAST_CHANGED
    expected, store = Expected.after(int(writes)), open_store(address)
    while True:
        os.write(1, b"try %d\n" % expected.writes)
        kind, keys, items = expected.step()
        try:
            _write(store, kind, keys, items)
        except GalleryError as error:
            os.write(1, f"failed {error}\n".encode())
            os._exit(1)
        os.write(1, b"done %d\n" % expected.writes)


def _write(store: Store, kind: str, keys: list[str], items: Items) -> None:
    if kind == "remove":
        store.remove(keys)
    elif kind == "update":
        store.update(keys, items.metadata)
    else:
        store.add(items, replace=kind == "replace")


def difference(address: str, expected: Expected, codec: str) -> str:
    """Return how a gallery differs from what is expected; "" if it does not."""
    plain = expected.store(codec)
    with closing(open_store(address, read_only=True)) as store:
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


def run_writer(
    address: str, writes: int, kill: Callable[[subprocess.Popen[str]], None] | None = None, *, begun: str = "try"
) -> list[str]:
    """Run a writer, let ``kill`` end it or what it writes to, and wait for its end; return its lines.

    ``kill`` is called when the writer has said ``begun``: "try" before its first write, "done" after it.
    """
    command = [sys.executable, "-c", WRITER.format(path=sys.path), address, str(writes)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None, "opened as a pipe"
    lines: list[str] = []
    while (line := process.stdout.readline()) and not line.startswith(begun):
        lines.append(line)
    if kill is not None:
        kill(process)
    lines += [line, *process.stdout.readlines()]
    process.stdout.close()
    process.wait(END_SECONDS)
    return [line for line in lines if line.endswith("\n")]


def after(lines: list[str], address: str, expected: Expected, codec: str) -> str:
    """Do in ``expected`` what the writer did, and return how the gallery differs from it; "" if it does not."""
    done = max([int(line.split()[1]) for line in lines if line.startswith("done")], default=expected.writes)
    tried = max([int(line.split()[1]) for line in lines if line.startswith("try")], default=done)
    while expected.writes < done:
        expected.step()
    if not (wrong := difference(address, expected, codec)):
        return ""
    if tried < done:
        return wrong
    expected.step()
    return f"{wrong}, nor {other}" if (other := difference(address, expected, codec)) else ""
