"""``fashionsdk gallery load``: the shards of a catalogue into a gallery."""

import argparse
from pathlib import Path

from fashionsdk._tools.progress import progress_bar
from fashionsdk.cli._options import Help, Subparsers, add_plain_command, nonblank
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli.commands.gallery._add import CODECS
from fashionsdk.cli.galleries import add_store_argument, changing, require, shown_address

HELP = Help(
    name="load",
    summary="put the shards of embed-catalogue into a gallery",
    description="""\
Put the shards that 'fashionsdk embed-catalogue' made into a gallery, which is made if it is not there yet. Items whose
keys are there already are left out, so a load that was interrupted goes on when it is started again.""",
    examples="""\
  fashionsdk gallery load vectors/ --into shop/
  fashionsdk gallery load vectors/ --into postgresql://shop@localhost/catalogue
  fashionsdk gallery load vectors/ --into shop/ --existing replace --partial""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    parser.add_argument("shards", type=nonblank, metavar="DIR", help="folder of embed-catalogue")
    add_store_argument(parser, "--into", required=True)
    parser.add_argument(
        "--existing",
        choices=("skip", "replace"),
        default="skip",
        help="items whose keys are there: leave them out (default), or replace them",
    )
    parser.add_argument(
        "--partial", action="store_true", help="load the shards that are there, though some are missing"
    )
    parser.add_argument("--codec", choices=CODECS, help="how a new gallery keeps vectors (default: as the shards)")


def run(args: argparse.Namespace) -> int:
    """Load what is missing."""
    require("pyarrow", "catalogue")
    from fashionsdk.catalogue import load_shards, shard_files

    paths, contract, count = shard_files(Path(args.shards), partial=args.partial)
    contract = contract if args.codec is None else contract.with_codec(args.codec)
    loaded = 0
    with (
        changing(args.into, contract, args.codec) as matcher,
        progress_bar(None, "loading", count, "item") as bar,
    ):
        for read, written in load_shards(paths, matcher, replace=args.existing == "replace"):
            bar.update(read)
            loaded += written
        items = len(matcher)
    place = shown_address(args.into)
    note(f"loaded {loaded} of {count} items into {place}, which holds {items}")
    if args.json:
        print_json({"into": place, "shards": len(paths), "loaded": loaded, "items": items})
    return 0
