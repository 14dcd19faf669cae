"""One attribute's vectors: rough scores of all rows, fast and with a bound of their error, and single rows exactly."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.search.scan._codec import ZERO, Codec, decoded, stored_lengths
from fashionsdk.search.scan._whole_products import DIGIT_BASE, LARGEST_DIGIT, whole_products

BLOCK_ROWS = 65_536  # rows multiplied at a time: their products fit the processor's cache
ROUNDINGS = 16 * 2.0**-24  # relative, of the float32 steps from whole products to a score
DIGITS = 2  # that a query's numbers are cut into; a third would change no answer, only shorten the list of candidates


class Vectors(Protocol):
    """G stored vectors of one attribute, in some codec."""

    def __len__(self) -> int:
        """Return G."""

    def rough_scores(self, queries: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64] | None]:
        """Return the inner products of queries ``(Q, D)`` with all, ``(Q, G)``, and how far each query's may be off.

        That is ``(Q,)``, or ``None`` for nothing beside the rounding of float32 sums.
        """

    def rows(self, index: NDArray[np.int64] | Sequence[int] | slice) -> NDArray[np.float32]:
        """Return some vectors as float32 ``(n, D)``."""


def open_vectors(codec: Codec, stored: NDArray[Any], lengths: NDArray[np.float32] | None = None) -> Vectors:
    """Return stored vectors ``(G, D)`` to scan.

    Args:
        codec: how they are stored.
        stored: the vectors; they may be mapped from a file.
        lengths: of int8 vectors, ``(G,)``, if they are known.
    """
    if codec == "float32":
        return _FloatVectors(stored)
    return _Int8Vectors(stored, stored_lengths(stored) if lengths is None else lengths)


class _FloatVectors:
    """Vectors in float32."""

    def __init__(self, stored: NDArray[np.float32]) -> None:
        self._stored = stored

    def __len__(self) -> int:
        return len(self._stored)

    def rough_scores(self, queries: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64] | None]:
        return queries @ self._stored.T, None

    def rows(self, index: NDArray[np.int64] | Sequence[int] | slice) -> NDArray[np.float32]:
        return np.asarray(self._stored[index])


class _Int8Vectors:
    """Vectors in int8, multiplied as whole numbers with queries that are cut into digits."""

    def __init__(self, stored: NDArray[np.uint8], lengths: NDArray[np.float32]) -> None:
        self._stored, self._lengths = stored, lengths

    def __len__(self) -> int:
        return len(self._stored)

    def rough_scores(self, queries: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64] | None]:
        scores = np.empty((len(queries), len(self)), np.float32)
        digits, units, off = _digits(queries)  # (D, DIGITS * Q)
        zero = ZERO * digits.sum(axis=0, dtype=np.int32)  # what the 128 added to each number adds to the products
        with np.errstate(divide="ignore"):
            for part in slices(len(self), BLOCK_ROWS):
                products = whole_products(self._stored[part], digits) - zero  # (n, DIGITS * Q)
                sums = products[:, -len(queries) :].astype(np.float32)
                for digit in range(DIGITS - 2, -1, -1):
                    sums *= np.float32(1 / DIGIT_BASE)
                    sums += products[:, digit * len(queries) : (digit + 1) * len(queries)]
                lengths = self._lengths[part]
                scale = np.where(lengths > 0, 1 / lengths, np.float32(0))
                scores[:, part] = (sums * scale[:, None] * units).T
        return scores, off

    def rows(self, index: NDArray[np.int64] | Sequence[int] | slice) -> NDArray[np.float32]:
        return decoded("int8", self._stored[index])


def _digits(queries: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.float64]]:
    """Cut queries ``(Q, D)`` into whole numbers.

    Returns:
        Digits ``(D, DIGITS * Q)``, the most significant of all queries first; the value of 1 in it ``(Q,)``; and how
        far a product with a unit vector may be off ``(Q,)``: the length of what is left, and rounding.
    """
    largest = np.abs(queries).max(axis=1, initial=0).astype(np.float64)
    units = np.where(largest > 0, largest / LARGEST_DIGIT, 1.0).astype(np.float32)
    rest = queries.astype(np.float64) / units[:, None].astype(np.float64)
    parts = []
    for _ in range(DIGITS):
        parts.append(np.clip(np.rint(rest), -LARGEST_DIGIT - 1, LARGEST_DIGIT + 1))
        rest = (rest - parts[-1]) * DIGIT_BASE
    off = np.sqrt((rest * rest).sum(axis=1)) * units / DIGIT_BASE**DIGITS
    off += ROUNDINGS * np.sqrt((queries.astype(np.float64) ** 2).sum(axis=1))
    return np.concatenate(parts).T.astype(np.int8, order="C"), units, off
