"""A store's items as one gallery file, and back."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.errors import GalleryError
from fashionsdk.search.scan import check_unit, decoded, encoded
from fashionsdk.search.stores._store import Items, Store
from fashionsdk.search.stores.file._gallery_file import GalleryContents, read_gallery, write_gallery
from fashionsdk.search.stores.memory import MemoryStore


def load_gallery(path: str | os.PathLike[str], *, model: str | None = None) -> MemoryStore:
    """Read a gallery file; with ``model``, only one that the model with this digest made.

    Raises:
        GalleryError: the file is missing, damaged, of another format, or made by another model.
    """
    contents = read_gallery(path, model=model)
    contract = contents.contract
    vectors = {name: decoded(contract.codec, rows) for name, rows in contents.vectors.items()}
    try:
        for name, rows in vectors.items():
            there = np.flatnonzero(rows.any(axis=1))
            check_unit(rows[there], [contents.keys[row] for row in there.tolist()], name)
    except ValueError as error:
        raise GalleryError(f"the gallery {os.fspath(path)} is not usable: {error}") from error
    return MemoryStore(contract, Items(contents.keys, vectors, contents.metadata))


def save_gallery(path: str | os.PathLike[str], store: Store) -> None:
    """Write a store's items to a gallery file, as one step: a crash leaves the old file or the new one.

    Raises:
        GalleryError: the file cannot be written; what was saved there before is untouched.
    """
    contract, batches = store.contract, list(store.items())
    vectors = {
        name: _joined([encoded(contract.codec, batch.vectors[name]) for batch in batches], length)
        for name, length in contract.dimensions.items()
    }
    keys = [key for batch in batches for key in batch.keys]
    metadata = [entry for batch in batches for entry in batch.metadata]
    write_gallery(path, GalleryContents(contract, keys, metadata, vectors))


def _joined(parts: list[NDArray[Any]], length: int) -> NDArray[Any]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty((0, length))
