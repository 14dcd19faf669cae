"""Galleries in a folder for tests, with few different vectors, so that scores tie."""

from pathlib import Path

import numpy as np

from fashionsdk.search import Contract, parse_condition
from fashionsdk.search.stores import Items, MemoryStore
from fashionsdk.search.stores.local import LocalStore, create_folder, open_folder

CONTRACT = Contract("d" * 64, {"neckline": 4, "sleeve": 16})


def items(seed: int, keys: list[str]) -> Items:
    rng = np.random.default_rng(seed)
    vectors = {
        name: (rng.choice([-1, 1], size=(len(keys), length)) / np.sqrt(length)).astype(np.float32)
        for name, length in CONTRACT.dimensions.items()
    }
    return Items(keys, vectors, [{"seed": seed, "n": n, "even": n % 2 == 0} for n in range(len(keys))])


def names(count: int, start: int = 0) -> list[str]:
    return [f"{index}.jpg" for index in range(start, start + count)]


QUERY = items(99, ["q"]).vectors
SOME = parse_condition("n < 30 and even = true")


def made(folder: Path, contract: Contract = CONTRACT) -> LocalStore:
    create_folder(folder, contract)
    return open_folder(folder)


def same(store: LocalStore, plain: MemoryStore) -> None:
    for where in (None, SOME):
        one, other = (each.search(QUERY, 40, where=where) for each in (store, plain))
        assert one.keys == other.keys
        assert one.scores.tolist() == other.scores.tolist()
        assert one.metadata == other.metadata
    assert len(store) == len(plain)


def changed(store: LocalStore | MemoryStore) -> None:
    store.add(items(1, names(300)))
    store.remove(names(50, start=20))
    store.add(items(2, names(40, start=100)), replace=True)
    store.update(["0.jpg", "110.jpg"], [{"n": 1000}, {"even": True}])
    store.add(items(3, names(30, start=10)), replace=True)
