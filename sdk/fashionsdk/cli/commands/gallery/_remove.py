"""``fashionsdk gallery remove``: items out of a gallery."""

import argparse

from fashionsdk.cli._options import Help, Subparsers, add_plain_command, nonblank
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli.galleries import add_on_unknown_option, add_store_argument, changing, read_key_lines, shown_address

HELP = Help(
    name="remove",
    summary="remove items from a gallery",
    description="Remove items by their keys. Either all of them are removed, or, on an error, none.",
    examples="""\
  fashionsdk gallery remove shop/ photos/12.jpg photos/13.jpg
  fashionsdk gallery remove shop/ --keys sold-out.txt --on-unknown skip""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    add_store_argument(parser)
    parser.add_argument("items", nargs="*", metavar="KEY", help="keys of items")
    parser.add_argument("--keys", type=nonblank, metavar="FILE", help="list of keys, one a line; - for standard input")
    add_on_unknown_option(parser, "if no item has a key: leave the key out, or stop (default)")


def run(args: argparse.Namespace) -> int:
    """Remove the items."""
    keys = list(dict.fromkeys([*args.items, *(filter(None, read_key_lines(args.keys)) if args.keys else ())]))
    if not keys:
        raise ValueError("no key is given; expected at least one KEY, or --keys FILE")
    with changing(args.store) as matcher:
        known = matcher.known(keys) if args.on_unknown == "skip" else set(keys)
        matcher.remove([key for key in keys if key in known])
        note(f"removed {len(known)} items from {shown_address(args.store)}, which holds {len(matcher)}")
        answer = {"store": shown_address(args.store), "removed": len(known), "items": len(matcher)}
        unknown = [key for key in keys if key not in known]
    if unknown:
        note(f"no item has {len(unknown)} of {len(keys)} keys, such as {unknown[0]}")
    if args.json:
        print_json({**answer, "unknown": unknown})
    return 0
