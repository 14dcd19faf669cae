"""Random embeddings of two attributes, and the batches in which an evaluation takes them."""

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from fashionsdk.evaluation import Batch


def random_vectors(images: int, seed: int = 1) -> NDArray[np.float32]:
    """Return ``(images, 2, 4)``, each vector of length 1."""
    vectors: NDArray[np.float32] = np.random.default_rng(seed).normal(size=(images, 2, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors


def batches(vectors: NDArray[np.float32], size: int = 7, skip: Collection[int] = ()) -> Iterator[Batch]:
    """Yield the vectors in batches, without the images in ``skip``."""
    for start in range(0, len(vectors), size):
        indices = np.array([i for i in range(start, min(start + size, len(vectors))) if i not in skip])
        yield indices, vectors[indices]
