"""Prove on this machine that a bundle answers as the model it was exported from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends import BackendInfo, open_backend
from fashionsdk.bundle import Bundle, Reference

# Largest difference allowed in a value of a unit-length embedding or of an attention map, by precision. In fp32 only
# the order of sums differs: under 1e-6 on a CPU, more on a GPU. The others leave room for their rounding.
TOLERANCES: Mapping[str, float] = {"fp32": 1e-4, "fp16": 1e-2, "int8": 1e-1}

# Scores closer than this are equal: two embeddings that differ by float32 rounding rank either way.
TIE = 1e-5

# Share of reference images whose neighbours must rank alike; fewer bits move neighbours, so fp16 and int8 have none.
AGREEMENT: Mapping[str, float] = {"fp32": 1.0, "fp16": 0.0, "int8": 0.0}


@dataclass(frozen=True)
class Parity:
    """How far answers are from a reference.

    Attributes:
        max_abs_difference: largest difference of a value of the embeddings, 0 to 2.
        min_cosine: smallest cosine between an embedding and its reference, 1 at best.
        neighbour_agreement: share of (image, attribute) pairs for which the other images rank as in the reference.
        attention_max_difference: largest difference of a value of the attention maps, or ``None`` without them.
    """

    max_abs_difference: float
    min_cosine: float
    neighbour_agreement: float
    attention_max_difference: float | None


@dataclass(frozen=True)
class CheckReport:
    """What :func:`check` found: on which backend, over how many images, how close, and what was allowed."""

    backend: BackendInfo
    images: int
    parity: Parity
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether no value differs by more than the tolerance and, in fp32, all neighbours rank alike."""
        attention = self.parity.attention_max_difference
        close = self.parity.max_abs_difference <= self.tolerance and (attention is None or attention <= self.tolerance)
        return close and self.parity.neighbour_agreement >= AGREEMENT[self.backend.precision]

    def __str__(self) -> str:
        parity = self.parity
        attention = parity.attention_max_difference
        lines = [
            f"{'ok' if self.ok else 'NOT OK'}: {self.images} reference images on {self.backend}",
            f"largest difference   {parity.max_abs_difference:.1e} (allowed {self.tolerance:.0e})",
            f"smallest cosine      {parity.min_cosine:.7f}",
            f"neighbours agree     {parity.neighbour_agreement:.1%}",
            "attention            " + ("none" if attention is None else f"{attention:.1e} largest difference"),
        ]
        return "\n".join(lines)


def check(bundle: Bundle | str | Path, *, device: str = "auto", precision: str | None = None) -> CheckReport:
    """Run the bundle's reference images and compare with the trained model's answers.

    Raises:
        BundleError: the bundle is missing or damaged, or has no graph of this precision.
        BackendError: the runtime or the device is not there, or fails.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    reference = opened.reference()
    backend = open_backend(opened, device, precision)
    embeddings, attention = backend.run(reference.images, attention=reference.attention is not None)
    return CheckReport(
        backend=backend.info,
        images=len(reference.images),
        parity=compare(reference, embeddings, attention),
        tolerance=TOLERANCES[backend.info.precision],
    )


def compare(reference: Reference, embeddings: NDArray[np.float32], attention: NDArray[np.float32] | None) -> Parity:
    """Return how far ``embeddings`` ``(n, A, D)`` and ``attention`` ``(n, A, h, w)`` are from the reference's."""
    expected = reference.embeddings.astype(np.float64)
    found = embeddings.astype(np.float64)
    norms = np.linalg.norm(expected, axis=-1) * np.linalg.norm(found, axis=-1)
    maps = None
    if reference.attention is not None and attention is not None:
        maps = float(np.abs(reference.attention - attention).max())
    return Parity(
        max_abs_difference=float(np.abs(expected - found).max()),
        min_cosine=float(((expected * found).sum(axis=-1) / norms).min()),
        neighbour_agreement=_neighbour_agreement(expected, found),
        attention_max_difference=maps,
    )


def _neighbour_agreement(expected: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Rank the other images by ``found`` and ask whether the scores of ``expected`` then only fall."""
    agree = [
        _ranks_alike(np.delete(expected[:, a] @ expected[i, a], i), np.delete(found[:, a] @ found[i, a], i))
        for i in range(expected.shape[0])
        for a in range(expected.shape[1])
    ]
    return sum(agree) / len(agree)


def _ranks_alike(expected: NDArray[np.float64], found: NDArray[np.float64]) -> bool:
    return bool((np.diff(expected[np.argsort(-found)]) <= TIE).all())
