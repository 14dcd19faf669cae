"""Scratch space on disk for a split's embeddings, so that a large split fits into memory."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.files.allocation import allocated_array
from fashionsdk._tools.files.regular_file import reason, system_errors_as
from fashionsdk.errors import FashionSDKError

Batch: TypeAlias = tuple[NDArray[np.integer[Any]], NDArray[np.float32]]  # image indices (B,), embeddings (B, A, D)


class ScratchVectors:
    """Embeddings of N images in a file ``(A, N, D)``: one attribute's rows lie together.

    Args:
        file: an empty one, to fill once the first embeddings give A and D.
        images: N.

    Attributes:
        present: ``(N,)``, true for images that have embeddings.
    """

    def __init__(self, file: IO[bytes], images: int) -> None:
        self._file = file
        self._vectors: NDArray[np.float32] | None = None
        self.present = np.zeros(images, np.bool_)

    def put(self, indices: NDArray[np.integer[Any]], vectors: NDArray[np.float32]) -> None:
        """Store embeddings ``(B, A, D)`` of the images at ``indices`` ``(B,)``.

        Raises:
            FashionSDKError: there is no space for all N images' embeddings.
        """
        if self._vectors is None:
            self._vectors = self._allocate((vectors.shape[1], len(self.present), vectors.shape[2]))
        self._vectors[:, indices] = vectors.transpose(1, 0, 2)
        self.present[indices] = True

    def rows(self, attribute: int, indices: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Return one attribute's embeddings of some images, ``(len(indices), D)``; a copy in memory."""
        assert self._vectors is not None, "nothing was stored"
        return np.array(self._vectors[attribute, indices])

    def _allocate(self, shape: tuple[int, int, int]) -> NDArray[np.float32]:
        try:
            return allocated_array(self._file, np.float32, shape)
        except OSError as error:
            megabytes = np.prod(shape, dtype=np.int64) * 4 / 1e6
            raise FashionSDKError(
                f"cannot store the embeddings of {shape[1]:,} photos, {megabytes:,.1f} MB, in the folder "
                f"{tempfile.gettempdir()}: {reason(error)}; free some space, or name another folder in the "
                "environment's TMPDIR"
            ) from error


def _unnamed_file() -> IO[bytes]:
    with system_errors_as(FashionSDKError, "cannot make a temporary file for embeddings"):
        return tempfile.TemporaryFile(prefix="fashionsdk-")


@contextmanager
def scratch_vectors(batches: Iterable[Batch], images: int) -> Iterator[ScratchVectors]:
    """Yield the embeddings of ``batches``, of ``images`` images in all, on disk while the block runs.

    Their file has no name, so nothing of it stays if the process is killed.

    Raises:
        FashionSDKError: there is no space for them.
    """
    with _unnamed_file() as file:
        vectors = ScratchVectors(file, images)
        for batch in batches:
            vectors.put(*batch)
        yield vectors
