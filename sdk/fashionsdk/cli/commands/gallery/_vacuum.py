"""``fashionsdk gallery vacuum``: tidy a gallery up."""

import argparse

from fashionsdk.cli._options import Help, Subparsers, add_plain_command
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli.galleries import add_store_argument, changing, shown_address

HELP = Help(
    name="vacuum",
    summary="rebuild a gallery's index, and give space back",
    description="""\
Rebuild what speeds searches up from the items themselves, and give back the disk space of removed items. Answers stay
the same. A folder does the first by itself when enough has changed; others may search meanwhile.""",
    examples="""\
  fashionsdk gallery vacuum shop/""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    add_store_argument(add_plain_command(subparsers, HELP, run))


def run(args: argparse.Namespace) -> int:
    """Tidy up."""
    with changing(args.store) as matcher:
        matcher.vacuum()
        details = dict(matcher.details())
        count = len(matcher)
    note(f"tidied up {shown_address(args.store)}, which holds {count} items")
    if args.json:
        print_json({"store": shown_address(args.store), "items": count, **details})
    return 0
