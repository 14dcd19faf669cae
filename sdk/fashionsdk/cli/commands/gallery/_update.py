"""``fashionsdk gallery update``: new prices, stock and other metadata for items of a gallery."""

import argparse

from fashionsdk.cli._metadata_table import metadata_rows
from fashionsdk.cli._options import Help, Subparsers, add_plain_command, nonblank
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli.galleries import add_store_argument, changing, shown_address

HELP = Help(
    name="update",
    summary="set metadata of items, such as price and stock",
    description="""\
Set the fields of items' metadata that a table has columns for. Fields that it has no column for stay, and so do the
vectors; nothing is embedded.""",
    examples="""\
  fashionsdk gallery update shop/ --metadata prices.csv""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    add_store_argument(parser)
    parser.add_argument(
        "--metadata",
        required=True,
        type=nonblank,
        metavar="CSV",
        help="table whose column 'photo', 'image' or 'key' holds keys of items",
    )


def run(args: argparse.Namespace) -> int:
    """Update the items that the table names."""
    with changing(args.store) as matcher:
        stored = matcher.keys
        rows = metadata_rows(args.metadata, stored, "'fashionsdk gallery add'")
        known = set(stored)
        changes = {key: row for key, row in rows.items() if key in known}
        matcher.update(list(changes), list(changes.values()))
    if unknown := len(rows) - len(changes):
        note(f"{args.metadata}: {unknown} of {len(rows)} rows name no item of {shown_address(args.store)}")
    note(f"updated {len(changes)} items of {shown_address(args.store)}")
    if args.json:
        print_json({"store": shown_address(args.store), "updated": len(changes), "unknown": unknown})
    return 0
