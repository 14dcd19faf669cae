"""What may enter a gallery or a call: different keys, JSON metadata, vectors of unit length, K from 1 on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings
from fashionsdk.search.stores import JSON, decode_json, encode_json

UNIT_ATOL = 1e-3  # a unit vector whose values were rounded to float16 is within 5e-4


def check_embeddings(value: object, name: str) -> None:
    """Check that an embedder returned the argument ``name``.

    Raises:
        TypeError: the value is not `Embeddings`.
    """
    if not isinstance(value, Embeddings):
        raise TypeError(f"{name} is {type(value).__name__}; expected Embeddings, as embedder.embed returns")


def checked_keys(keys: Iterable[str], count: int) -> list[str]:
    """Return the keys of ``count`` items as a list.

    Raises:
        TypeError: not strings.
        ValueError: another number of keys, or a key is there twice.
    """
    given = keys if isinstance(keys, str) else list(keys)
    if len(given) != count:
        raise ValueError(f"{len(given)} keys for {count} embeddings; expected one key per row")
    return distinct_strings(
        given,
        expected="keys must be a list of strings, one for each image",
        repeated="given twice; each key names one item",
    )


def distinct_strings(keys: object, *, expected: str, repeated: str) -> list[str]:
    """Return a sequence of different strings as a list.

    Args:
        keys: what the caller gave.
        expected: the message if this is no sequence of strings.
        repeated: what the message says of a key that is there twice.

    Raises:
        TypeError: not a sequence of strings.
        ValueError: a key is there twice.
    """
    if isinstance(keys, str) or not isinstance(keys, Sequence) or not all(isinstance(key, str) for key in keys):
        raise TypeError(expected)
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"key {key!r} is {repeated}")
        seen.add(key)
    return list(keys)


def checked_metadata(metadata: Sequence[Mapping[str, JSON]] | None, count: int) -> list[Mapping[str, JSON]]:
    """Return a copy as JSON would give it back, so that saving and loading changes nothing.

    Raises:
        TypeError: an entry is not a mapping, or has a value that JSON does not have.
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
    """Check that the dot products of vectors ``(N, D)`` are cosines; ``names`` says whose they are.

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
