"""``fashionsdk gallery``: what a gallery holds, and changing it."""

import argparse
import sys

from fashionsdk.cli._guard import USAGE
from fashionsdk.cli._options import Subparsers
from fashionsdk.cli.commands.gallery import GALLERY_COMMANDS

DESCRIPTION = """\
Look at a gallery, change it, or move it.

A STORE is a gallery file such as shop.gallery, or a folder such as shop/. A file is read and written whole, so a folder
is the better place for more than some ten thousand items, and for several programs at once."""


def register(subparsers: Subparsers) -> None:
    """Add the command with its subcommands."""
    parser = subparsers.add_parser(
        "gallery",
        help="look at a gallery, change it, move it",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in GALLERY_COMMANDS:
        command.register(commands)
    parser.epilog = "\n".join(each.format_usage().rstrip() for each in commands.choices.values())

    def run(args: argparse.Namespace) -> int:
        parser.print_help(sys.stderr)
        return USAGE

    parser.set_defaults(run=run, debug=False)
