"""``fashionsdk gallery list``: the keys and the metadata of a gallery."""

import argparse
import json
from itertools import islice

from fashionsdk._tools.printable_text import printable
from fashionsdk.cli._options import Help, Subparsers, add_plain_command, positive
from fashionsdk.cli._output import print_answer, print_json
from fashionsdk.cli.galleries import add_store_argument, add_where_option, open_to_read, shown_address

HELP = Help(
    name="list",
    summary="print keys and metadata",
    description="Print the items of a gallery in the order in which they were added: a line each, key and metadata.",
    examples="""\
  fashionsdk gallery list shop/
  fashionsdk gallery list shop/ --where 'stock = 0' --json""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    add_store_argument(parser)
    add_where_option(parser, "print only items whose metadata meet this condition")
    parser.add_argument("-n", type=positive, metavar="N", help="print at most this many items")


def run(args: argparse.Namespace) -> int:
    """Print the items."""
    with open_to_read(args.store) as matcher:
        entries = list(islice(matcher.entries(args.where), args.n))
    if args.json:
        print_json(
            {"store": shown_address(args.store), "items": [{"key": key, "metadata": entry} for key, entry in entries]}
        )
    elif entries:
        lines = (f"{printable(key)}  {json.dumps(entry)}" if entry else printable(key) for key, entry in entries)
        print_answer("\n".join(lines))
    return 0
