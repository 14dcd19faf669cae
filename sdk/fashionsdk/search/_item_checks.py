"""What may enter a gallery: keys that name one item each, JSON metadata, vectors of unit length."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings
from fashionsdk.search.stores import JSON, decode_json, encode_json

UNIT_ATOL = 1e-3  # a unit vector whose values were rounded to float16 is within 5e-4


def check_embeddings(value: object, name: str) -> None:
    """Refuse what an embedder did not return; ``name`` is the argument's.

    Raises:
        TypeError: the value is not :class:`Embeddings`.
    """
    if not isinstance(value, Embeddings):
        raise TypeError(f"{name} is {type(value).__name__}; expected Embeddings, as embedder.embed returns")


def checked_keys(keys: Sequence[str], count: int) -> list[str]:
    """Return the keys as a list, if there are ``count`` different strings.

    Raises:
        TypeError: not a list of strings.
        ValueError: another number of keys, or one of them twice.
    """
    if isinstance(keys, str) or not all(isinstance(key, str) for key in keys):
        raise TypeError("keys must be a list of strings, one for each image")
    if len(keys) != count:
        raise ValueError(f"{len(keys)} keys for {count} embeddings; expected one key per row")
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"key {key!r} is given twice; each key names one item")
        seen.add(key)
    return list(keys)


def checked_metadata(metadata: Sequence[Mapping[str, JSON]] | None, count: int) -> list[Mapping[str, JSON]]:
    """Return a copy as JSON would give it back, so that saving and loading changes nothing.

    Raises:
        TypeError: an entry is not a mapping, or holds what JSON cannot.
        ValueError: another number of entries, or a number that is not finite.
    """
    if metadata is None:
        return [{} for _ in range(count)]
    if len(metadata) != count:
        raise ValueError(f"{len(metadata)} metadata for {count} embeddings; expected one per row")
    if not all(isinstance(entry, Mapping) for entry in metadata):
        raise TypeError("each item's metadata must be a mapping, such as {'price': 20}")
    copy: list[Mapping[str, JSON]] = decode_json(encode_json([dict(entry) for entry in metadata]))
    return copy


def check_unit(vectors: NDArray[Any], names: Sequence[str], attribute: str) -> None:
    """Refuse vectors ``(N, D)`` whose cosine would not be their dot product; ``names`` says whose they are.

    Raises:
        TypeError: the vectors are not float32.
        ValueError: a vector is not finite or not of length 1.
    """
    if vectors.dtype != np.float32:
        raise TypeError(f"vectors are {vectors.dtype}; expected float32")
    with np.errstate(all="ignore"):
        lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
        wrong = np.flatnonzero(~(np.abs(lengths - 1) <= UNIT_ATOL))  # a NaN compares false, so it is wrong too
    if wrong.size:
        raise ValueError(
            f"the {attribute!r} vector of {names[wrong[0]]!r} has length {lengths[wrong[0]]:.6g}; "
            "expected 1: use embeddings as the embedder returns them"
        )
