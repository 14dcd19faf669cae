"""One item's vectors as one blob, all attributes one after the other, in the contract's codec."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search.scan import encoded, stored_dtype
from fashionsdk.search.stores._contract import Contract


def packed(contract: Contract, vectors: Mapping[str, NDArray[np.float32]]) -> list[bytes]:
    """Return a blob for each of N items, from vectors ``(N, D_a)`` by attribute."""
    parts = [_bytes(encoded(contract.codec, vectors[name]), contract) for name in contract.dimensions]
    rows = np.concatenate(parts, axis=1)
    return [row.tobytes() for row in rows]


def unpacked(contract: Contract, blobs: Sequence[bytes]) -> dict[str, NDArray[Any]]:
    """Return stored vectors ``(N, D_a)`` by attribute.

    Raises:
        ValueError: a blob has another length.
    """
    dtype = stored_dtype(contract.codec)
    lengths = [length * dtype.itemsize for length in contract.dimensions.values()]
    rows = np.frombuffer(b"".join(blobs), np.uint8).reshape(len(blobs), sum(lengths))
    ends = np.cumsum(lengths).tolist()
    return {
        name: np.ascontiguousarray(rows[:, end - length : end]).view(dtype)
        for name, length, end in zip(contract.dimensions, lengths, ends, strict=True)
    }


def present_rows(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which of the vectors ``(N, D)`` are there: one of zeros stands for an attribute that is lacking."""
    return np.asarray(vectors.any(axis=1))


def key_bytes(key: str) -> bytes:
    """Return a key as the database has it; a file name's stray bytes survive."""
    return key.encode("utf-8", "surrogatepass")


def key_text(key: bytes) -> str:
    """Return a key of the database."""
    return key.decode("utf-8", "surrogatepass")


def _bytes(stored: NDArray[Any], contract: Contract) -> NDArray[np.uint8]:
    plain = np.ascontiguousarray(stored, stored_dtype(contract.codec))
    return plain.view(np.uint8).reshape(len(plain), plain.shape[1] * plain.itemsize)
