"""What may go wrong with a gallery in a folder: lost and damaged files, full and read-only disks, kills."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fashionsdk.errors import GalleryError
from fashionsdk.search import parse_condition
from fashionsdk.search.stores import MemoryStore
from fashionsdk.search.stores.local import LocalStore, _database, create_folder, open_folder
from tests.sdk.search.stores.local_galleries import CONTRACT, QUERY, changed, items, made, names, same


@pytest.mark.parametrize("codec", ["float32", "int8"])
def test_a_gallery_outlives_its_index(tmp_path, codec):
    store, plain = made(tmp_path / "shop", CONTRACT.with_codec(codec)), MemoryStore(CONTRACT.with_codec(codec))
    changed(plain)
    changed(store)
    store.vacuum()
    store.close()
    index = tmp_path / "shop/index"
    (snapshot,) = index.iterdir()
    damages = [
        lambda: (snapshot / "header.json").write_text("{"),
        lambda: os.truncate(snapshot / "vectors-1", 100),
        lambda: (snapshot / "places").unlink(),
        lambda: shutil.rmtree(index),
    ]
    for damage in damages:
        damage()
        with open_folder(tmp_path / "shop") as hurt:
            same(hurt, plain)
            hurt.add(items(5, ["new"]))  # the next write rebuilds it
            plain.add(items(5, ["new"]))
            same(hurt, plain)
            hurt.remove(["new"])
            plain.remove(["new"])
        (snapshot,) = index.iterdir()
        with open_folder(tmp_path / "shop") as whole:
            assert whole.details()["snapshot"] == snapshot.name
            same(whole, plain)


def test_a_writer_that_waits_too_long_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(_database, "WAIT", 0.1)
    store = made(tmp_path / "shop")
    other = sqlite3.connect(tmp_path / "shop/items.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(GalleryError, match="database is locked; another process has been writing for 0 s; nothing was"):
        store.add(items(1, ["a"]))
    other.execute("ROLLBACK")
    other.close()
    store.add(items(1, ["a"]))
    assert len(store) == 1
    store.close()


def test_a_gallery_that_may_only_be_read(tmp_path):
    store = made(tmp_path / "shop")
    store.add(items(1, names(20)))
    store.close()
    with open_folder(tmp_path / "shop", read_only=True) as reader:
        assert len(reader.search(QUERY, 5).keys[0]) == 5
        for call in (lambda: reader.add(items(2, ["a"])), lambda: reader.remove([]), reader.vacuum):
            with pytest.raises(GalleryError, match="was opened to read only"):
                call()


def test_a_read_only_disk_can_be_searched(tmp_path, small_disk):
    store = made(small_disk / "shop")
    store.add(items(1, names(20)))
    expected = store.search(QUERY, 5).keys
    store.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with open_folder(small_disk / "shop", read_only=True) as reader:
        assert reader.search(QUERY, 5).keys == expected


def fill(store: LocalStore, numbers: Iterator[int]) -> None:
    for number in numbers:
        store.add(items(1, [f"{number} {index}" for index in range(200)]))


def fill_disk(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


@pytest.mark.slow
def test_a_full_disk_loses_nothing(small_disk):
    store = made(small_disk / "shop")
    store.add(items(1, names(100)))
    (small_disk / "filler").write_bytes(bytes(2**20))
    numbers = iter(range(10_000))
    with pytest.raises(GalleryError, match=r"shop: (database or disk is full|disk I/O error|No space)"):
        fill(store, numbers)
    number = next(numbers) - 1  # the one that failed
    expected = 100 + 200 * number
    assert len(store) == expected
    assert len(store.search(QUERY, 10**6).keys[0]) == expected
    store.close()
    with open_folder(small_disk / "shop") as again:
        assert len(again.search(QUERY, 10**6).keys[0]) == expected
        (small_disk / "filler").unlink()
        again.remove([f"{number - 1} {index}" for index in range(200)])
        assert len(again.search(QUERY, 10**6).keys[0]) == expected - 200


def test_a_full_disk_leaves_the_old_snapshot(small_disk, monkeypatch):
    store = made(small_disk / "shop")
    store.add(items(1, names(200)))
    store.vacuum()
    before = store.details()["snapshot"]
    with pytest.raises(OSError, match="No space"):
        fill_disk(small_disk / "filler")
    with pytest.raises(GalleryError):
        store.vacuum()
    assert [path.name for path in (small_disk / "shop/index").iterdir()] == [before]
    assert len(store.search(QUERY, 1000).keys[0]) == 200
    (small_disk / "filler").unlink()
    store.vacuum()
    store.close()


def test_damage_is_a_gallery_error(tmp_path):
    made(tmp_path / "shop").close()
    file = tmp_path / "shop/items.sqlite"
    whole = file.read_bytes()
    for data, message in (
        (b"", "is not a gallery's"),
        (b"no database at all, whatever its name says" * 100, "file is not a database"),
        (whole[:3000], "is damaged|is not a gallery's"),
    ):
        file.write_bytes(data)
        with pytest.raises(GalleryError, match=message):
            open_folder(tmp_path / "shop")
    file.write_bytes(whole)
    for change, message in (
        ("UPDATE meta SET value = 2 WHERE name = 'format'", "has gallery format 2, this SDK reads 1"),
        ("UPDATE meta SET value = '[]' WHERE name = 'contract'", "its contract cannot be read"),
    ):
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute(change)
        connection.close()
        with pytest.raises(GalleryError, match=message):
            open_folder(tmp_path / "shop")
        file.write_bytes(whole)
    made(tmp_path / "shop").close()


def test_a_gallery_needs_a_folder_of_its_own(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.jpg").write_bytes(b"x")
    with pytest.raises(GalleryError, match=r"holds a.jpg; a gallery needs a folder of its own"):
        create_folder(tmp_path / "photos", CONTRACT)
    assert os.listdir(tmp_path / "photos") == ["a.jpg"]
    with pytest.raises(GalleryError, match=r"no gallery in .*photos; make one with 'fashionsdk gallery add'"):
        open_folder(tmp_path / "photos")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(GalleryError, match="cannot make a gallery"):
        create_folder(tmp_path / "file/shop", CONTRACT)


WRITER = """
import os, sys
sys.path[:0] = {path!r}
from tests.sdk.search.stores.local_galleries import CONTRACT, items, made
from fashionsdk.search.stores.local import _keeper, open_folder
from pathlib import Path
_keeper.LEAST_CHANGED = _keeper.MOST_CHANGED = 40  # a snapshot is being taken most of the time
store = made(Path(sys.argv[1]))
number = len(store) // 20
if number:  # the one before may have been killed between the two writes
    store.update([f"{{number - 1}}-0"], [{{"acknowledged": True}}])
while True:
    store.add(items(number, [f"{{number}}-{{index}}" for index in range(20)]))
    os.write(1, b"%d\\n" % number)
    store.update([f"{{number}}-0"], [{{"acknowledged": True}}])
    number += 1
"""


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill(tmp_path):
    """A writer is killed while it adds, updates and takes snapshots; batches are there whole or not at all."""
    program = WRITER.format(path=sys.path)
    random = np.random.default_rng(1)
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", program, tmp_path / "shop"], stdout=subprocess.PIPE)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(int(random.integers(3, 12)))]
        process.kill()
        lines += process.stdout.readlines()
        process.stdout.close()
        process.wait()
        last = int(lines[-1])
        with open_folder(tmp_path / "shop") as store:
            keys = [key for batch in store.items(()) for key in batch.keys]
            batches = len(keys) // 20
            assert keys == [f"{number}-{index}" for number in range(batches) for index in range(20)]
            assert batches in (last + 1, last + 2)
            assert len(store) == len(keys)
            assert sorted(store.search(QUERY, 10**6).keys[0]) == sorted(keys)
            done = store.search(QUERY, 10**6, where=parse_condition("acknowledged = true")).keys[0]
            assert set(done) >= {f"{number}-0" for number in range(last)}
