"""One attribute's vectors, which grow without disturbing who reads the first of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search.scan._codec import Codec, decoded, stored_lengths
from fashionsdk.search.scan._growing import reserved
from fashionsdk.search.scan._vectors import Vectors, open_vectors


@dataclass(frozen=True, eq=False)
class VectorColumn:
    """One attribute's vectors.

    Attributes:
        codec: how they are stored.
        stored: ``(capacity, D_a)``.
        lengths: of int8 vectors, ``(capacity,)``; of float32 vectors none.
        present: which items have the attribute, ``(capacity,)``.
        whole: whether all have.
    """

    codec: Codec
    stored: NDArray[Any]
    lengths: NDArray[np.float32]
    present: NDArray[np.bool_]
    whole: bool

    @classmethod
    def of(cls, codec: Codec, stored: NDArray[Any]) -> "VectorColumn":
        """Return a column that adopts stored vectors."""
        lengths = _lengths(codec, stored)
        present = _present(codec, stored, lengths)
        return cls(codec, stored, lengths, present, bool(present.all()))

    def appended(self, count: int, stored: NDArray[Any]) -> "VectorColumn":
        """Return the first ``count`` rows and these; rows from ``count`` on belong to nobody yet."""
        new, total = VectorColumn.of(self.codec, stored), count + len(stored)
        column = VectorColumn(
            self.codec,
            reserved(self.stored, count, total),
            reserved(self.lengths, count, total) if len(new.lengths) else self.lengths,
            reserved(self.present, count, total),
            self.whole and new.whole,
        )
        column.stored[count:total], column.present[count:total] = new.stored, new.present
        if len(new.lengths):
            column.lengths[count:total] = new.lengths
        return column

    def replaced(self, count: int, rows: list[int], stored: NDArray[Any]) -> "VectorColumn":
        """Return a copy of the first ``count`` rows with other vectors in these rows."""
        copy = self.stored[:count].copy()
        copy[rows] = stored
        return VectorColumn.of(self.codec, copy)

    def only(self, rows: list[int]) -> "VectorColumn":
        """Return a copy of these rows."""
        return VectorColumn.of(self.codec, self.stored[rows])

    def vectors(self, rows: Sequence[int] | slice) -> NDArray[np.float32]:
        """Return some vectors as float32; a slice of float32 vectors is a view."""
        return decoded(self.codec, self.stored[rows])

    def first(self, count: int) -> tuple[Vectors, NDArray[np.bool_] | None]:
        """Return the first ``count`` vectors to scan, and which items have the attribute; None for all."""
        vectors = open_vectors(self.codec, self.stored[:count], self.lengths[:count])
        return vectors, None if self.whole else self.present[:count]


def _lengths(codec: Codec, stored: NDArray[Any]) -> NDArray[np.float32]:
    return np.empty(0, np.float32) if codec == "float32" else stored_lengths(stored)


def _present(codec: Codec, stored: NDArray[Any], lengths: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Tell which rows are not all zeros, without a temporary array as large as the vectors."""
    squares = np.einsum("nd,nd->n", stored, stored) if codec == "float32" else lengths
    present: NDArray[np.bool_] = squares > 0
    return present
