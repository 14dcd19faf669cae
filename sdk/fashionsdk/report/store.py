"""All vectors of a split on disk, so that a report of a large split fits into memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings


class VectorStore:
    """Vectors ``(A, N, D)`` in a file; ``present`` ``(N,)`` says which photos came.

    Args:
        path: the file to make.
        photos: N.
        attributes: A.
        dimension: D.
    """

    def __init__(self, path: Path, photos: int, attributes: int, dimension: int) -> None:
        """Make room for all vectors; the file takes up disk only as they come."""
        self._vectors = np.memmap(path, np.float32, "w+", shape=(attributes, photos, dimension))
        self.present = np.zeros(photos, np.bool_)

    def keep(
        self, embedded: Iterable[tuple[int, Embeddings]]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Store each photo's vectors and pass them on as positions ``(1,)`` and vectors ``(1, A, D)``."""
        for position, embeddings in embedded:
            self._vectors[:, position] = embeddings.vectors[0]
            self.present[position] = True
            yield np.array([position]), embeddings.vectors

    def rows(self, attribute: int, positions: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return one attribute's vectors of some photos, ``(len(positions), D)``; a copy in memory."""
        return np.array(self._vectors[attribute, positions])
