"""The embedder that a benchmark's command line asks for."""

import argparse

from fashionsdk import Embedder
from fashionsdk.backends import PRECISIONS, RUNTIMES
from harness.answers import check_embedder


def add_embedder_options(parser: argparse.ArgumentParser) -> None:
    """Let the user choose what runs; the defaults are the SDK's."""
    parser.add_argument("bundle")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runtime", default="auto", choices=("auto", *RUNTIMES))
    parser.add_argument("--precision", choices=PRECISIONS, help="default: the bundle's")
    parser.add_argument("--batch-size", type=int, default=32)


def open_embedder(args: argparse.Namespace) -> Embedder:
    """Open the bundle, and check that it answers as the trained model does.

    Raises:
        WrongAnswer: its answers differ from its reference by more than the precision allows.
    """
    embedder = Embedder(
        args.bundle, device=args.device, runtime=args.runtime, precision=args.precision, batch_size=args.batch_size
    )
    check_embedder(embedder)
    return embedder
