"""Stores as gallery files and back."""

import numpy as np
import pytest

from fashionsdk.search import Contract
from fashionsdk.search.stores import Items, MemoryStore, load_gallery, save_gallery


def filled(contract: Contract, *, missing: bool = False) -> MemoryStore:
    store = MemoryStore(contract)
    vectors = {
        name: np.full((5, length), 1 / np.sqrt(length), np.float32) for name, length in contract.dimensions.items()
    }
    if missing:
        vectors["neckline"][3] = 0
    store.add(Items([f"{n}.jpg" for n in range(5)], vectors, [{"n": n} for n in range(5)]))
    return store


def test_a_saved_store_comes_back_whole(tmp_path):
    store = filled(Contract("d" * 64, {"neckline": 4, "sleeve": 4}))
    save_gallery(tmp_path / "x.gallery", store)
    copy = load_gallery(tmp_path / "x.gallery", model="d" * 64)
    assert copy.contract == store.contract
    keys = [f"{n}.jpg" for n in range(5)]
    assert copy.get(keys).metadata == store.get(keys).metadata
    copy.remove(["0.jpg"])
    assert (len(copy), len(store)) == (4, 5)


@pytest.mark.parametrize("codec", ["float32", "int8"])
def test_a_file_keeps_lengths_codec_and_what_an_item_lacks(tmp_path, codec):
    contract = Contract("d", {"neckline": 4, "sleeve": 16}, codec, "int8", "{}")
    store = filled(contract, missing=True)
    save_gallery(tmp_path / "x.gallery", store)
    copy = load_gallery(tmp_path / "x.gallery")
    assert copy.contract == contract
    keys = [f"{n}.jpg" for n in range(5)]
    for name, rows in store.get(keys).vectors.items():
        np.testing.assert_array_equal(copy.get(keys).vectors[name], rows)
    assert not copy.get(["3.jpg"]).vectors["neckline"].any()
    save_gallery(tmp_path / "y.gallery", copy)
    assert (tmp_path / "y.gallery").read_bytes() == (tmp_path / "x.gallery").read_bytes()
