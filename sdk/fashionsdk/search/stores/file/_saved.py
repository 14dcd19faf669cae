"""A store's items as one gallery file, and back."""

import os

import numpy as np
from numpy.typing import NDArray

from fashionsdk.errors import GalleryError
from fashionsdk.search.scan import check_unit
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._store import Items, Store
from fashionsdk.search.stores.file._gallery_file import GalleryContents, read_gallery, write_gallery
from fashionsdk.search.stores.memory import MemoryStore


def load_gallery(path: str | os.PathLike[str], *, model: str | None = None) -> MemoryStore:
    """Read a gallery file; with ``model``, only one that the model with this digest made.

    Raises:
        GalleryError: the file is missing, damaged, of another format, or made by another model.
    """
    contents = read_gallery(path, model=model)
    try:
        for name, rows in contents.vectors.items():
            check_unit(rows, contents.keys, name)
    except ValueError as error:
        raise GalleryError(f"the gallery {os.fspath(path)} is not usable: {error}") from error
    contract = Contract(contents.model, dict.fromkeys(contents.vectors, contents.dimension))
    return MemoryStore(contract, Items(contents.keys, contents.vectors, contents.metadata))


def save_gallery(path: str | os.PathLike[str], store: Store) -> None:
    """Write a store's items to a gallery file, as one step: a crash leaves the old file or the new one.

    Raises:
        GalleryError: the file cannot be written; what was saved there before is untouched.
        ValueError: the file format has no place for what the store holds: attributes of different dimensions, items
            that lack an attribute, or vectors in int8.
    """
    contract, batches = store.contract, list(store.items())
    if len(set(contract.dimensions.values())) > 1:
        raise ValueError(
            f"dimensions are {dict(contract.dimensions)}; a gallery file holds vectors of one length: save to a folder"
        )
    if contract.codec != "float32":
        raise ValueError(f"the codec is {contract.codec}; a gallery file holds float32: save to a folder")
    vectors = {name: _joined([batch.vectors[name] for batch in batches]) for name in contract.dimensions}
    keys = [key for batch in batches for key in batch.keys]
    for name, rows in vectors.items():
        _check_whole(rows, keys, name)
    metadata = [entry for batch in batches for entry in batch.metadata]
    dimension = next(iter(contract.dimensions.values()))
    write_gallery(path, GalleryContents(keys, metadata, vectors, dimension, contract.digest))


def _check_whole(rows: NDArray[np.float32], keys: list[str], name: str) -> None:
    missing = np.flatnonzero(np.einsum("nd,nd->n", rows, rows) == 0)
    if missing.size:
        raise ValueError(
            f"{keys[missing[0]]!r} lacks {name}; a gallery file holds all attributes of each item: save to a folder"
        )


def _joined(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
