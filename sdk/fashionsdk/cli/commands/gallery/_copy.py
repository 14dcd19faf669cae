"""``fashionsdk gallery copy``: a gallery into another store."""

import argparse

from fashionsdk._tools.progress import progress_bar
from fashionsdk.cli._options import Help, Subparsers, add_plain_command
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli.commands.gallery._add import CODECS
from fashionsdk.cli.galleries import STORE_HELP, add_store_argument, changing, open_to_read, shown_address
from fashionsdk.errors import FashionSDKError

HELP = Help(
    name="copy",
    summary="copy a gallery into another store",
    description="""\
Copy the items of one gallery into another, which is made if it is not there yet. Items whose keys are there already are
left out, so a copy that was interrupted goes on when it is started again.""",
    examples="""\
  fashionsdk gallery copy shop.gallery shop/
  fashionsdk gallery copy shop/ small/ --codec int8
  fashionsdk gallery copy shop/ backup.gallery --existing replace""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    add_store_argument(parser, "store", f"the one to copy. {STORE_HELP}")
    add_store_argument(parser, "to", "the one to copy into")
    parser.add_argument(
        "--existing",
        choices=("skip", "replace", "raise"),
        default="skip",
        help="items whose keys are there: leave them out (default), replace them, or stop",
    )
    parser.add_argument("--codec", choices=CODECS, help="how a new folder keeps vectors (default: as the one copied)")


def run(args: argparse.Namespace) -> int:
    """Copy the items that are missing."""
    from fashionsdk.search import copy_items
    from fashionsdk.search.stores import same_place

    if same_place(args.store, args.to):
        raise FashionSDKError(
            f"{shown_address(args.store)} and {shown_address(args.to)} are the same; expected another store to "
            "copy into"
        )
    with open_to_read(args.store) as source:
        contract = source.contract if args.codec is None else source.contract.with_codec(args.codec)
        with (
            changing(args.to, contract, args.codec) as target,
            progress_bar(None, "copying", len(source), "item") as bar,
        ):
            copied = 0
            for read, written in copy_items(source, target, existing=args.existing):
                bar.update(read)
                copied += written
            answer = {
                "store": shown_address(args.store),
                "to": shown_address(args.to),
                "copied": copied,
                "items": len(target),
            }
    note(f"copied {copied} items to {shown_address(args.to)}, which holds {answer['items']}")
    if args.json:
        print_json(answer)
    return 0
