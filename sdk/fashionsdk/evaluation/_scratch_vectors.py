"""A split's embeddings on disk, so that judging and showing a large split fits into memory."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class VectorStore:
    """Embeddings of N images in a file ``(A, N, D)``: one attribute's rows lie together.

    Args:
        path: the file to make, once the first embeddings say what A and D are.
        images: N.

    Attributes:
        present: ``(N,)``, true for images whose embeddings came.
    """

    def __init__(self, path: Path, images: int) -> None:
        self._path = path
        self._vectors: NDArray[np.float32] | None = None
        self.present = np.zeros(images, np.bool_)

    def put(self, indices: NDArray[np.integer[Any]], vectors: NDArray[np.float32]) -> None:
        """Store embeddings ``(B, A, D)`` of the images at ``indices`` ``(B,)``."""
        if self._vectors is None:
            shape = (vectors.shape[1], len(self.present), vectors.shape[2])
            self._vectors = np.memmap(self._path, np.float32, "w+", shape=shape)
        self._vectors[:, indices] = vectors.transpose(1, 0, 2)
        self.present[indices] = True

    def rows(self, attribute: int, indices: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Return one attribute's embeddings of some images, ``(len(indices), D)``; a copy in memory."""
        assert self._vectors is not None, "nothing was stored"
        return np.array(self._vectors[attribute, indices])
