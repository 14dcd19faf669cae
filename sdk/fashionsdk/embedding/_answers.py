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
    """Check embeddings ``(B, A, D)`` and attention ``(B, A, h, w)``; under 0.1 ms for 32 photos of ten attributes.

    Raises:
        BackendError: a value is not finite, or a vector is not of length 1.
    """
    with np.errstate(all="ignore"):
        squared = np.einsum("bad,bad->ba", embeddings, embeddings)
        wrong = ~(np.abs(squared - 1) <= SQUARED_ATOL)  # a NaN compares false, so it is wrong too
        maps_sum = 0.0 if attention is None else float(attention.sum(dtype=np.float64))
    if wrong.any():
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
