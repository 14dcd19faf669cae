"""Stores as gallery files and back, and what the file has no place for."""

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


@pytest.mark.parametrize(
    ("contract", "missing", "message"),
    [
        (Contract("d", {"neckline": 4, "sleeve": 16}), False, "a gallery file holds vectors of one length"),
        (Contract("d", {"neckline": 4}, codec="int8"), False, "the codec is int8; a gallery file holds float32"),
        (Contract("d", {"neckline": 4, "sleeve": 4}), True, "'3.jpg' lacks neckline; a gallery file holds all"),
    ],
)
def test_a_gallery_file_says_what_it_has_no_place_for(tmp_path, contract, missing, message):
    with pytest.raises(ValueError, match=message):
        save_gallery(tmp_path / "x.gallery", filled(contract, missing=missing))
    assert not list(tmp_path.iterdir())
