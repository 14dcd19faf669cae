"""Vectors that enter a gallery or a search have the length 1, so that products are cosines."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNIT_ATOL = 1e-3  # a unit vector whose values were rounded to float16 is within 5e-4


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
