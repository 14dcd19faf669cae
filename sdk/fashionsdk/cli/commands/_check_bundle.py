"""``fashionsdk check``: whether a bundle's answers on this machine are those of the trained model."""

import argparse
from math import isfinite

from fashionsdk.cli._options import Help, Subparsers, add_command
from fashionsdk.cli._output import print_answer, print_json

HELP = Help(
    name="check",
    summary="compare a bundle's answers with the trained model's",
    description="""\
Check a bundle on this machine: check every file's digest, embed the reference photos in the bundle, and compare the
embeddings with those of the trained model.

The exit code is 1 if they differ by more than the precision allows. Run it before you deploy a bundle.""",
    examples="""\
  fashionsdk check bundle/
  fashionsdk check bundle/ --device cuda --precision fp16 --json""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    add_command(subparsers, HELP, run)


def run(args: argparse.Namespace) -> int:
    """Compare with the reference and print the differences; the exit code says whether they are within tolerance."""
    from dataclasses import asdict

    from fashionsdk.embedding import check

    report = check(args.bundle, device=args.device, precision=args.precision, runtime=args.runtime)
    if args.json:
        finite = {name: value for name, value in asdict(report.parity).items() if value is None or isfinite(value)}
        backend = {"images": report.images, "tolerance": asdict(report.tolerance), "backend": asdict(report.backend)}
        print_json({"ok": report.ok, **dict.fromkeys(asdict(report.parity)), **finite, **backend})
    else:
        print_answer(str(report))
    return 0 if report.ok else 1
