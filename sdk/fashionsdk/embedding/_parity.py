"""Check on this machine that a bundle answers as the model it was exported from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends import BackendInfo, open_backend
from fashionsdk.bundle import Bundle, Reference

# Scores closer than this are equal: two embeddings that differ by float32 rounding rank either way.
TIE = 1e-5

NEIGHBOURS = 10  # of a photo, or half of the other photos where there are fewer


@dataclass(frozen=True)
class Tolerance:
    """How far answers may be from the trained model's.

    Attributes:
        low_cosine: smallest allowed `Parity.low_cosine`.
        neighbour_agreement: smallest allowed `Parity.neighbour_agreement`.
        attention: largest allowed difference of a value of the attention maps.
        difference: largest allowed difference of a value of the embeddings, or ``None`` for any.
    """

    low_cosine: float
    neighbour_agreement: float
    attention: float
    difference: float | None = None


# In fp32 only the order of sums differs: under 1e-6 on a CPU, more on a GPU. In lower precision one embedding in ten
# may be anywhere, because the region that ASEN++ looks at can move. docs/decisions/precision.md has the measurements.
TOLERANCES: Mapping[str, Tolerance] = {
    "fp32": Tolerance(0.99999, 1.0, 1e-4, 1e-4),
    "fp16": Tolerance(0.999, 0.9, 3e-2),
    "bf16": Tolerance(0.9, 0.7, 3e-1),
    "int8": Tolerance(0.9, 0.7, 3e-1),
}


@dataclass(frozen=True)
class Parity:
    """How far answers are from a reference.

    Attributes:
        max_abs_difference: largest difference of a value of the embeddings, 0 to 2.
        min_cosine: smallest inner product of an embedding and its reference, 1 at best.
        low_cosine: the inner product that 90 % of the embeddings reach; one of 1.1 counts as 0.9.
        neighbour_agreement: share of the nearest ``NEIGHBOURS`` of an image that are as near in the reference, over
            images and attributes; a tie counts as near. Two images are always neighbours.
        attention_max_difference: largest difference of a value of the attention maps, or ``None`` without them.
    """

    max_abs_difference: float
    min_cosine: float
    low_cosine: float
    neighbour_agreement: float
    attention_max_difference: float | None

    def fits(self, tolerance: Tolerance) -> bool:
        """Tell whether the answers are within a tolerance."""
        attention = self.attention_max_difference
        return (
            self.low_cosine >= tolerance.low_cosine
            and self.neighbour_agreement >= tolerance.neighbour_agreement
            and (attention is None or attention <= tolerance.attention)
            and (tolerance.difference is None or self.max_abs_difference <= tolerance.difference)
        )


@dataclass(frozen=True)
class CheckReport:
    """The result of `check`: the backend, the number of images, how close the answers are, and the tolerance."""

    backend: BackendInfo
    images: int
    parity: Parity
    tolerance: Tolerance

    @property
    def ok(self) -> bool:
        """Whether the answers are within the tolerance."""
        return self.parity.fits(self.tolerance)

    def __str__(self) -> str:
        parity, allowed = self.parity, self.tolerance
        attention = parity.attention_max_difference
        difference = "" if allowed.difference is None else f" (at most {allowed.difference:.0e})"
        lines = [
            f"{'ok' if self.ok else 'NOT OK'}: {self.images} reference images on {self.backend}",
            f"largest difference   {parity.max_abs_difference:.1e}{difference}",
            f"90 % of cosines      {parity.low_cosine:.7f} or more (at least {allowed.low_cosine:g})",
            f"smallest cosine      {parity.min_cosine:.7f}",
            f"neighbours agree     {parity.neighbour_agreement:.1%} (at least {allowed.neighbour_agreement:.0%})",
            "attention            "
            + (
                "none" if attention is None else f"{attention:.1e} largest difference (at most {allowed.attention:.0e})"
            ),
        ]
        return "\n".join(lines)


def check(
    bundle: Bundle | str | Path, *, device: str = "auto", precision: str | None = None, runtime: str = "auto"
) -> CheckReport:
    """Run the bundle's reference images and compare with the trained model's answers.

    Raises:
        BundleError: the bundle is missing or damaged, or has no graph of this precision.
        BackendError: the runtime or the device is not available, or fails.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    reference = opened.reference()
    with open_backend(opened, device, precision, runtime=runtime) as backend:
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
    actual = embeddings.astype(np.float64)
    # Not divided by their lengths: an embedding that is not of unit length is a difference too.
    cosines = (expected * actual).sum(axis=-1)
    maps = None
    if reference.attention is not None and attention is not None:
        maps = float(np.abs(reference.attention - attention).max())
    return Parity(
        max_abs_difference=float(np.abs(expected - actual).max()),
        min_cosine=float(cosines.min()),
        low_cosine=float(np.quantile(1 - np.abs(1 - cosines), 0.1)),
        neighbour_agreement=neighbour_agreement(expected, actual),
        attention_max_difference=maps,
    )


def neighbour_agreement(expected: NDArray[np.floating], actual: NDArray[np.floating]) -> float:
    """Return the share of nearest neighbours by ``actual`` that are as near by ``expected``, both ``(n, A, D)``.

    A neighbour counts if its score in ``expected`` is no lower than that of the last neighbour there. It is 1 for fewer
    than 3 images.
    """
    count = len(expected)
    nearest = min(NEIGHBOURS, max(1, (count - 1) // 2))
    shares = []
    for a in range(expected.shape[1] if count > 1 else 0):
        true, seen = (vectors[:, a] @ vectors[:, a].T for vectors in (expected, actual))
        for scores in (true, seen):
            np.fill_diagonal(scores, -np.inf)
        last = -np.partition(-true, nearest - 1, axis=1)[:, nearest - 1]
        chosen = np.argpartition(-seen, nearest - 1, axis=1)[:, :nearest]
        shares.append((np.take_along_axis(true, chosen, axis=1) >= last[:, None] - TIE).mean())
    return float(np.mean(shares)) if shares else 1.0
