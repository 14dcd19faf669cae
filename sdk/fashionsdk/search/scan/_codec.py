"""How vectors are stored: float32 as they are, or int8 with a scale for each vector.

An int8 vector is the given one times 127 over its largest absolute value, rounded. Its scale is what makes it a unit
vector again, so it follows from the numbers and is not stored. They are kept with 128 added, in uint8, which is what
the integer product takes. A vector that came from int8 comes back bit for bit when it is stored in int8 again.
"""

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

Codec: TypeAlias = Literal["float32", "int8"]
CODECS: tuple[Codec, ...] = get_args(Codec)

LARGEST, ZERO = 127, 128  # the largest int8 number used, and what stands for 0 in uint8


def stored_dtype(codec: Codec) -> np.dtype[Any]:
    """Return the type of the stored numbers."""
    return np.dtype("<f4") if codec == "float32" else np.dtype(np.uint8)


def encoded(codec: Codec, vectors: NDArray[np.float32]) -> NDArray[Any]:
    """Return vectors ``(N, D)`` as they are stored; a row of zeros, of an item without the attribute, stays one."""
    if codec == "float32":
        return vectors
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    factor = np.divide(LARGEST, largest, out=np.zeros_like(largest), where=largest > 0)
    stored: NDArray[np.uint8] = (np.rint(vectors * factor) + ZERO).astype(np.uint8)
    return stored


def decoded(codec: Codec, stored: NDArray[Any]) -> NDArray[np.float32]:
    """Return stored vectors ``(N, D)`` as float32 of unit length, or zeros."""
    if codec == "float32":
        return np.asarray(stored, np.float32)
    vectors: NDArray[np.float32] = stored.astype(np.float32) - ZERO
    lengths = stored_lengths(stored)[:, None]
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return vectors


def stored_lengths(stored: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the lengths ``(N,)`` of int8 vectors, from sums of whole numbers: the same for a vector everywhere."""
    whole = stored.astype(np.int32) - ZERO
    lengths: NDArray[np.float32] = np.sqrt(np.einsum("nd,nd->n", whole, whole)).astype(np.float32)
    return lengths
