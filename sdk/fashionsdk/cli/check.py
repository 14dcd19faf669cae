"""``fashionsdk check``: does this bundle compute here what it computed where it was made?"""

import argparse

from fashionsdk.cli.options import Subparsers, add_command
from fashionsdk.cli.output import print_json

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
    """Compare with the reference and print the figures."""
    raise NotImplementedError
