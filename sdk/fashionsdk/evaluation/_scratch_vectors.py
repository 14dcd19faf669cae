"""Scratch space on disk for a split's embeddings, so that a large split fits into memory."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Batch: TypeAlias = tuple[NDArray[np.integer[Any]], NDArray[np.float32]]  # image indices (B,), embeddings (B, A, D)


class ScratchVectors:
    """Embeddings of N images in a file ``(A, N, D)``: one attribute's rows lie together.

    Args:
        path: the file to make once the first embeddings give A and D.
        images: N.

    Attributes:
        present: ``(N,)``, true for images that have embeddings.
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


@contextmanager
def scratch_vectors(batches: Iterable[Batch], images: int) -> Iterator[ScratchVectors]:
    """Yield the embeddings of ``batches``, of ``images`` images in all, on disk while the block runs."""
    with tempfile.TemporaryDirectory(prefix="fashionsdk-") as folder:
        vectors = ScratchVectors(Path(folder) / "embeddings", images)
        for batch in batches:
            vectors.put(*batch)
        yield vectors
