"""A gallery in a folder: snapshots, several threads and processes, forks."""

import multiprocessing
import os
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from fashionsdk.search import parse_condition
from fashionsdk.search.stores import Items, MemoryStore
from fashionsdk.search.stores.local import _compaction, _keeper, _view, open_folder
from fashionsdk.search.stores.local._snapshot import Snapshot
from tests.sdk.search.stores.local_galleries import CONTRACT, QUERY, items, made, names, same


def _await_snapshot() -> None:
    for thread in threading.enumerate():
        if thread.name == "fashionsdk snapshot":
            thread.join()


def test_snapshots_change_no_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(_keeper, "LEAST_CHANGED", 10)
    monkeypatch.setattr(_keeper, "SHARE_CHANGED", 10**9)
    monkeypatch.setattr(_keeper, "MOST_CHANGED", 10)
    monkeypatch.setattr(_compaction, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(_view, "READ_AT_ONCE", 13)
    store, plain = made(tmp_path / "shop"), MemoryStore(CONTRACT)
    reader = open_folder(tmp_path / "shop")
    snapshots = set()
    for seed in range(12):
        batch = items(seed, names(20, start=7 * seed))
        for each in (store, plain):
            each.add(batch, replace=True)
            each.remove([f"{7 * seed + 3}.jpg"])
        same(reader, plain)
        if seed % 2:  # the other times, answers are compared while one is being taken
            _await_snapshot()
        snapshots.add(store.details()["snapshot"])
        if seed == 5:
            store.vacuum()
        same(store, plain)
    assert len(snapshots) > 3
    store.close()
    assert len(list((tmp_path / "shop/index").iterdir())) == 1  # older ones are gone
    same(reader, plain)
    reader.close()
    with open_folder(tmp_path / "shop") as again:
        same(again, plain)


def test_a_filter_can_be_asked_after_its_snapshot_was_replaced(tmp_path, monkeypatch):
    """A search holds the snapshot that was current when it began, and reads a field's column when it meets a filter."""
    store = made(tmp_path / "shop")
    store.add(items(0, names(20)))
    store.vacuum()
    snapshot = next(iter((tmp_path / "shop/index").iterdir()))
    opened = Snapshot.open(snapshot, CONTRACT)
    expected = {name: column.numbers.tolist() for name, column in opened.fields.items()}
    held = Snapshot.open(snapshot, CONTRACT)
    store.add(items(1, names(20, start=30)))
    store.vacuum()
    assert not snapshot.exists()
    assert {name: column.numbers.tolist() for name, column in held.fields.items()} == expected != {}
    store.close()


def _read_all(folder: str, ready, stop, answers) -> None:
    with open_folder(Path(folder)) as store:
        ready.set()
        count = 0
        while not stop.is_set():
            scores = store.search({"sleeve": np.full((1, 16), 0.25, np.float32)}, 50).scores[0].tolist()
            if scores not in ([1.0] * 10, [-1.0] * 10):
                answers.put(f"half a write: {scores}")
                return
            count += 1
        answers.put(count)


@pytest.mark.slow
def test_processes_read_whole_writes_beside_a_writer(tmp_path, monkeypatch):
    """Each write turns ten items round; snapshots are taken meanwhile."""
    monkeypatch.setattr(_keeper, "LEAST_CHANGED", 100)
    monkeypatch.setattr(_keeper, "MOST_CHANGED", 100)
    store, keys = made(tmp_path / "shop"), names(10)
    poles = [
        {name: np.full((10, n), sign / np.sqrt(n), np.float32) for name, n in CONTRACT.dimensions.items()}
        for sign in (1, -1)
    ]
    store.add(Items(keys, poles[0], [{}] * 10))
    spawn = multiprocessing.get_context("spawn")
    stop, answers = spawn.Event(), spawn.Queue()
    readers = [(spawn.Event(),) for _ in range(2)]
    processes = [
        spawn.Process(target=_read_all, args=(str(tmp_path / "shop"), ready, stop, answers)) for (ready,) in readers
    ]
    for process in processes:
        process.start()
    for (ready,) in readers:
        assert ready.wait(60)
    for number in range(120):
        store.add(Items(keys, poles[number % 2], [{}] * 10), replace=True)
    stop.set()
    counts = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    store.close()
    assert all(isinstance(count, int) and count > 0 for count in counts), counts


def test_writers_take_turns(tmp_path):
    """Two open stores, several threads each: no write is lost, and each has a number of its own."""
    stores = [made(tmp_path / "shop"), open_folder(tmp_path / "shop")]

    def write(number: int) -> None:
        for step in range(10):
            stores[number % 2].add(items(number, [f"{number}-{step}"]))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        assert len(store) == 40
        assert len(store.search(QUERY, 100).keys[0]) == 40
        store.close()


def test_a_fork_reads_with_connections_of_its_own(tmp_path):
    store = made(tmp_path / "shop")
    store.add(items(1, names(20)))
    expected = store.search(QUERY, 5).keys
    child = os.fork()
    if child == 0:
        status = 1
        try:
            store.add(items(2, ["of the child"]))
            status = 0 if store.search(QUERY, 5, where=parse_condition("seed = 1")).keys == expected else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.known(["of the child"]) == {"of the child"}
    store.close()


def test_an_older_copy_put_in_its_place_is_read(tmp_path):
    store = made(tmp_path / "shop")
    store.add(items(1, names(20)))
    with sqlite3.connect(tmp_path / "old.sqlite") as copy, sqlite3.connect(tmp_path / "shop/items.sqlite") as now:
        now.backup(copy)
    copy.close()
    now.close()
    store.add(items(2, names(20, start=20)))
    assert len(store.search(QUERY, 100).keys[0]) == 40
    with sqlite3.connect(tmp_path / "old.sqlite") as copy, sqlite3.connect(tmp_path / "shop/items.sqlite") as now:
        copy.backup(now)
    copy.close()
    now.close()
    assert len(store.search(QUERY, 100).keys[0]) == 20
    store.close()
