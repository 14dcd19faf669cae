"""One attribute's vectors: rough scores of all rows, fast and with a bound of their error, and single rows exactly."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.after_fork import RenewedLock
from fashionsdk._tools.batches import slices
from fashionsdk.search.scan._codec import Codec, decoded, stored_lengths
from fashionsdk.search.scan._whole_products import (
    DIGIT_BASE,
    LARGEST_DIGIT,
    ConstantRows,
    has_fast_products,
    whole_products,
)

PACKED_ROWS = 131_072  # rows of one packed block
BLOCK_ROWS = 65_536  # rows multiplied at a time: their products fit the processor's cache
ROUNDINGS = 16 * 2.0**-24  # relative, of the float32 steps from whole products to a score
DIGITS = 2  # that a query's numbers are cut into; a third would only shorten the list of candidates


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


def open_vectors(
    codec: Codec, stored: NDArray[Any], lengths: NDArray[np.float32] | None = None, *, constant: bool = False
) -> Vectors:
    """Return stored vectors ``(G, D)`` to scan.

    Args:
        codec: how they are stored.
        stored: the vectors; they may be mapped from a file.
        lengths: of int8 vectors, ``(G,)``, if they are known.
        constant: whether they will be scanned so often that int8 vectors are packed at the first scan: a copy in
            memory, for twice the speed.
    """
    if codec == "float32":
        return _FloatVectors(stored)
    kind = _ConstantInt8Vectors if constant else _Int8Vectors
    return kind(stored, stored_lengths(stored) if lengths is None else lengths)


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
        count, scales = len(queries), np.concatenate([units, units / np.float32(DIGIT_BASE)])
        for part in slices(len(self), BLOCK_ROWS):
            products = whole_products(self._stored[part], digits, scales)  # (n, 2 * Q)
            np.multiply((products[:, :count] + products[:, count:]).T, self._scales[part], out=scores[:, part])
        return scores, off

    @cached_property
    def _scales(self) -> NDArray[np.float32]:
        lengths = np.asarray(self._lengths)
        return np.divide(np.float32(1), lengths, out=np.zeros_like(lengths), where=lengths > 0)

    def rows(self, index: NDArray[np.int64] | Sequence[int] | slice) -> NDArray[np.float32]:
        return decoded("int8", self._stored[index])


class _ConstantInt8Vectors(_Int8Vectors):
    """Vectors in int8 that do not change, packed block by block at the first scan."""

    def __init__(self, stored: NDArray[np.uint8], lengths: NDArray[np.float32]) -> None:
        super().__init__(stored, lengths)
        self._blocks: list[ConstantRows] | None = None
        self._packing = RenewedLock()

    def rough_scores(self, queries: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float64] | None]:
        if not has_fast_products():
            return super().rough_scores(queries)
        scores = np.empty((len(queries), len(self)), np.float32)
        digits, units, off = _digits(queries)  # (D, 2 * Q)
        first, second = units[:, None], units[:, None] / np.float32(DIGIT_BASE)
        for part, block in zip(slices(len(self), PACKED_ROWS), self._packed(), strict=True):
            products = block.products(digits)  # (2 * Q, n)
            np.multiply(products[: len(queries)], first, out=scores[:, part])
            scores[:, part] += products[len(queries) :] * second
        return scores, off

    def _packed(self) -> list[ConstantRows]:
        with self._packing:
            if self._blocks is None:
                parts = slices(len(self), PACKED_ROWS)
                self._blocks = [ConstantRows(np.asarray(self._stored[part]), self._scales[part]) for part in parts]
            return self._blocks


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
