"""``fashionsdk check``: does this bundle compute here what it computed where it was made?"""

import argparse
from math import isfinite

from fashionsdk.cli._options import Subparsers, add_command
from fashionsdk.cli._output import print_json

DESCRIPTION = """\
Prove a bundle on this machine: check every file's digest, run the reference photos that travel in the bundle,
and compare the vectors with those of the trained model.

The exit code is 1 if they differ by more than the precision allows, so it can guard a deployment."""

EXAMPLES = """\
  fashionsdk check bundle/
  fashionsdk check bundle/ --device cuda --precision fp16 --json"""


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    add_command(
        subparsers,
        "check",
        run,
        summary="prove a bundle on this machine",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )


def run(args: argparse.Namespace) -> int:
    """Compare with the reference and print the figures; the exit code says whether they agree."""
    from dataclasses import asdict

    from fashionsdk.embedding import check

    report = check(args.bundle, device=args.device, precision=args.precision, runtime=args.runtime)
    if args.json:
        finite = {name: value for name, value in asdict(report.parity).items() if value is None or isfinite(value)}
        backend = {"images": report.images, "tolerance": asdict(report.tolerance), "backend": asdict(report.backend)}
        print_json({"ok": report.ok, **dict.fromkeys(asdict(report.parity)), **finite, **backend})
    else:
        print(report)
    return 0 if report.ok else 1
