"""The embedder that a benchmark's command line asks for, once it has answered as the trained model does."""

import argparse

import numpy as np
from numpy.typing import NDArray

from fashionsdk import Embedder
from fashionsdk.backends import PRECISIONS, RUNTIMES
from fashionsdk.embedding import TOLERANCES, compare


def add_embedder_options(parser: argparse.ArgumentParser) -> None:
    """Let the user choose what runs; the defaults are the SDK's."""
    parser.add_argument("bundle")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runtime", default="auto", choices=("auto", *RUNTIMES))
    parser.add_argument("--precision", choices=PRECISIONS, help="default: the bundle's")
    parser.add_argument("--batch-size", type=int, default=32)


def open_embedder(args: argparse.Namespace) -> Embedder:
    """Open the bundle and compare its answers with ``reference.npz``.

    Raises:
        SystemExit: they differ by more than the precision allows.
    """
    embedder = Embedder(
        args.bundle, device=args.device, runtime=args.runtime, precision=args.precision, batch_size=args.batch_size
    )
    reference = embedder.bundle.reference()
    parity = compare(reference, embedder.embed(reference.images).vectors, None)
    if not parity.fits(TOLERANCES[embedder.backend.precision]):
        raise SystemExit(f"{args.bundle} on {embedder.backend} does not answer as its reference: {parity}")
    return embedder


def check_same(expected: NDArray[np.float32], found: NDArray[np.float32], embedder: Embedder) -> float:
    """Return the smallest cosine of embeddings ``(N, A, D)`` that should be the same but for the order of sums.

    Raises:
        SystemExit: they differ by more than the precision allows.
    """
    allowed, cosines = TOLERANCES[embedder.backend.precision], (expected * found).sum(axis=-1)
    if expected.shape != found.shape or np.quantile(cosines, 0.05) < allowed.low_cosine:
        raise SystemExit(f"embeddings differ: smallest cosine {cosines.min():.6f}, allowed {allowed.low_cosine}")
    return float(cosines.min())
