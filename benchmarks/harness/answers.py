"""Are the answers right? One place for the answers that are expected, how far others may be off, and the errors.

A bundle's reference holds some inputs and the trained model's embeddings. How far a precision may be off is the SDK's
own rule, ``fashionsdk.embedding.TOLERANCES``.
"""

import numpy as np
from numpy.typing import NDArray

from fashionsdk import Embedder
from fashionsdk.bundle import Reference
from fashionsdk.embedding import TOLERANCES, compare

SHARE = 0.9  # of the embeddings, whose cosine must reach the tolerance; see TOLERANCES
SAME_NETWORK_SHARE = 0.95  # where a network is compared with itself


class WrongAnswer(Exception):
    """An answer is further off than allowed; nothing that was measured counts."""


class ReferenceBatch:
    """Inputs of a bundle's reference, repeated to a batch, with the trained model's embeddings.

    Args:
        reference: of the bundle.
        size: B.

    Attributes:
        images: uint8 ``(B, H, W, 3)``.
        expected: float32 ``(B, A, D)``.
    """

    def __init__(self, reference: Reference, size: int) -> None:
        index = np.arange(size) % len(reference.images)
        self.images = np.ascontiguousarray(reference.images[index])
        self.expected = reference.embeddings[index]


def check_embeddings(
    expected: NDArray[np.float32], found: NDArray[np.float32], precision: str, share: float = SHARE
) -> float:
    """Return the smallest cosine of embeddings ``(..., D)`` and the expected ones.

    Args:
        expected: embeddings of unit length.
        found: embeddings of the same photos.
        precision: they were computed with; it says how far they may be off.
        share: of the embeddings that must be as near as the precision allows.

    Raises:
        WrongAnswer: they are further off.
    """
    if expected.shape != found.shape:
        raise WrongAnswer(f"wrong answer: embeddings have shape {found.shape}; expected {expected.shape}")
    allowed, cosines = TOLERANCES[precision], np.sum(expected * found, axis=-1)
    low = float(np.quantile(1 - np.abs(1 - cosines), 1 - share))
    difference = float(np.abs(expected - found).max())
    near = low >= allowed.low_cosine and (allowed.difference is None or difference <= allowed.difference)
    if not near:  # so that NaN is wrong
        most = "" if allowed.difference is None else f" and {allowed.difference:.0e}"
        raise WrongAnswer(
            f"wrong answer: {share:.0%} of cosines are {low:.5f} or more, the largest difference is {difference:.1e}; "
            f"expected {allowed.low_cosine}{most} for {precision}"
        )
    return float(cosines.min())


def check_embedder(embedder: Embedder) -> None:
    """Compare an embedder's answers, and the neighbours by them, with its bundle's reference.

    Raises:
        WrongAnswer: they differ by more than the precision allows.
    """
    reference = embedder.bundle.reference()
    parity = compare(reference, embedder.embed(reference.images).vectors, None)
    if not parity.fits(allowed := TOLERANCES[embedder.backend.precision]):
        raise WrongAnswer(f"{embedder} does not answer as its reference: {parity}; expected {allowed}")


def check_equal(expected: object, found: object, what: str) -> None:
    """Compare answers that must be equal.

    Raises:
        WrongAnswer: they are not.
    """
    if found != expected:
        raise WrongAnswer(f"{what}: {found}; expected {expected}")


def check_close(expected: NDArray[np.float64], found: NDArray[np.float64], rtol: float, what: str) -> None:
    """Compare numbers by their largest relative difference.

    Raises:
        WrongAnswer: it is larger than ``rtol``.
    """
    worst = float(np.abs(found / expected - 1).max())
    if not worst <= rtol:
        raise WrongAnswer(f"{what} is off by {worst:.1e}; expected {rtol:.0e} at most")
