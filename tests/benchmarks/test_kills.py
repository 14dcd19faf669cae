"""The kills: what they compare notices a lost write, a torn one and a shard of other vectors."""

from contextlib import closing
from types import ModuleType

import numpy as np
import pytest

from fashionsdk.search.stores import open_store
from tests.benchmarks.conftest import Load


@pytest.fixture
def writes(load: Load) -> ModuleType:
    return load("killed.gallery_writes")


def written(writes, address, count):
    """Do some writes, and return what must be there."""
    expected = writes.Expected()
    with closing(open_store(address, contract=writes.contract("float32"), create=True)) as store:
        for _ in range(count):
            writes._write(store, *expected.step())
    return expected


def test_a_gallery_with_every_acknowledged_write_is_right(writes, tmp_path):
    address = f"{tmp_path / 'shop'}/"
    assert writes.difference(address, written(writes, address, 12), "float32") == ""
    lines = [f"{word} {number}\n" for number in range(12) for word in ("try", "done")]
    done = [line if line.startswith("try") else f"done {int(line.split()[1]) + 1}\n" for line in lines]
    assert writes.after(done, address, writes.Expected(), "float32") == ""
    under_way = writes.Expected()
    assert writes.after(done[:-1], address, under_way, "float32") == ""  # the last was there though not acknowledged
    assert under_way.writes == 12


def test_a_lost_write_and_a_torn_one_are_noticed(writes, tmp_path):
    address = f"{tmp_path / 'shop'}/"
    expected = written(writes, address, 12)
    assert "expected" in writes.after(["try 12\n", "done 13\n"], address, writes.Expected(), "float32")
    first, second = list(expected.items)[:2]
    with closing(open_store(address)) as store:
        store.remove([first])
    assert writes.difference(address, expected, "float32") == f"{len(expected.items) - 1} items; expected " + str(
        len(expected.items)
    )
    del expected.items[first]
    assert writes.difference(address, expected, "float32") == ""
    with closing(open_store(address)) as store:
        store.update([second], [{"price": -1}])
    assert writes.difference(address, expected, "float32") == "other items than expected, or in another order"


@pytest.mark.slow
def test_a_writer_is_killed_after_what_it_was_told_of(writes, tmp_path):
    address = f"{tmp_path / 'shop'}/"
    written(writes, address, 0)
    lines = writes.run_writer(address, 0, lambda writer: writer.kill(), begun="done")
    assert lines[:2] == ["try 0\n", "done 1\n"]
    assert writes.after(lines, address, writes.Expected(), "float32") == ""


def test_what_a_server_lost_is_looked_for_again(writes, load, tmp_path, monkeypatch):
    """It comes back at the restart."""
    kills = load("killed.gallery_kills")
    monkeypatch.setattr(kills, "LATER_SECONDS", 0.0)
    address = f"{tmp_path / 'kills'}/"
    expected = written(writes, address, 3)
    with closing(open_store(address)) as store:
        items = store.get(list(expected.items))
        store.remove(list(expected.items)[-1:])

    class Server:
        def address(self, gallery):
            return address

        def kill(self):
            self.killed = True

        def start(self):
            assert self.killed
            with closing(open_store(address)) as store:
                store.add(items.at([len(items.keys) - 1]))

    found = kills.DatabaseServer("milvus", Server()).look_again(["try 2\n", "done 3\n"], 0, "float32")
    count = len(expected.items)
    assert found == f"; 0 s later: {count - 1} items; expected {count}; started again: right"


@pytest.fixture
def catalogue(load: Load, tmp_path, monkeypatch):
    kills = load("killed.catalogue_kills")
    monkeypatch.setattr(kills, "PHOTOS", 10)
    monkeypatch.setattr(kills, "SHARDS", 3)
    return kills, kills.Catalogue(tmp_path)


@pytest.mark.slow
@pytest.mark.long
def test_a_missing_shard_a_doubled_one_and_leftovers_are_noticed(catalogue, tmp_path):
    kills, table = catalogue
    out = tmp_path / "out"
    assert table.run(out).returncode == 0
    expected, files = table.seen(out), kills.left_in(out)
    assert [len(rows) for rows in expected.values()] == [3, 3, 3]  # one of the ten cannot be read
    assert table.fault_in_the_end(out, expected, files) == ""
    (out / "left.tmp").touch()
    assert "left.tmp" in table.fault_in_the_end(out, expected, files)
    first, second = (next(out.glob(f"shard-0000{number}*.parquet")) for number in (1, 2))
    whole = second.read_bytes()
    second.unlink()
    assert table.fault(out, expected) == ""
    assert "photos, 6 different; expected 9" in table.fault_in_the_end(out, expected, files)
    second.write_bytes(first.read_bytes())
    assert table.fault(out, expected) == "shard 2 is not that of an undisturbed run"
    second.write_bytes(whole[:-50])
    assert "is no whole shard" in table.fault(out, expected)
    other = {**expected, 1: [(key, np.zeros(4).tobytes()) for key, _ in expected[1]]}
    second.write_bytes(whole)
    assert table.fault(out, other) == "shard 1 is not that of an undisturbed run"
