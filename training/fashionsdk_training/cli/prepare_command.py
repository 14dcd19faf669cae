"""The command line of ``training/prepare.py``."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from fashionsdk.cli import guarded, print_answer
from fashionsdk_training.cli.command_parser import (
    DATA_HELP,
    add_debug_option,
    add_table_options,
    command_parser,
    read_table,
)
from fashionsdk_training.errors import DataError

_DESCRIPTION = """\
Make a label table to train on from what a shop has: its photos dealt to train, valid and test.

A product's photos never stand in two splits, else a model is measured on garments that it has seen. Photos with equal
bytes, and photos that show the same picture, saved again or in another size, count as one group too. Groups are dealt
so that each split gets its share of every value. The same command gives the same splits.

Photos are looked at, never changed or downloaded: of an export that names addresses, the photos are those of the same
file names in --photos. What is left out is counted: photos that are missing or damaged, columns that are no attributes,
cells of several values. The table that is printed says how far from its share each value came."""

_EXAMPLES = """\
examples:
  # a Shopify export, whose photos were downloaded to photos/
  python training/prepare.py products_export.csv --photos photos/ --out shop/labels.csv

  # choose the attributes, of those that the line 'read as' names
  python training/prepare.py feed.tsv --photos photos/ --attribute color --attribute pattern --out shop/labels.csv

  # photos that people sent in: none of one sender in two splits
  python training/prepare.py photos.parquet --by sender --valid 0.2 --test 0 --out labels.csv

  # folders by value, red/1.jpg and blue/2.jpg
  python training/prepare.py photos/ --attribute colour --out labels.csv

then
  python training/train.py --data shop/labels.csv --out runs/shop
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of ``prepare.py``."""
    result = command_parser("prepare.py", _DESCRIPTION, _EXAMPLES)
    result.add_argument("table", type=Path, metavar="TABLE", help=DATA_HELP)
    result.add_argument("--out", required=True, type=Path, metavar="CSV", help="the label table to write")
    result.add_argument("--overwrite", action="store_true", help="replace the file at --out")
    add_table_options(result, "keep")
    result.add_argument(
        "--by",
        metavar="COLUMN",
        help="rows with one cell here belong together, as one sender's (default: product, if the table has it). A "
        "product's photos belong together in any case",
    )
    result.add_argument(
        "--valid", type=float, default=0.15, metavar="SHARE", help="of the photos (default: %(default)s)"
    )
    result.add_argument(
        "--test", type=float, default=0.15, metavar="SHARE", help="of the photos; 0 for none (default: %(default)s)"
    )
    result.add_argument("--seed", type=int, default=0, help="of the order of groups (default: %(default)s)")
    add_debug_option(result)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the table as the command line says; return the exit code."""
    args = parser().parse_args(arguments)
    return guarded("prepare.py", lambda: _prepare(args), debug=args.debug, extra="training")


def _prepare(args: argparse.Namespace) -> int:
    from fashionsdk._tools.files.regular_file import system_errors_as
    from fashionsdk_training.cli.command_log import show_log
    from fashionsdk_training.preparing import Wish, prepare_table, split_summary

    wish = Wish(args.by, args.valid, args.test, args.seed)
    show_log()
    _check_out(args)
    prepared = prepare_table(read_table(args), wish, args.attribute, progress=True)
    with system_errors_as(DataError, f"cannot write {args.out}"):
        prepared.write(args.out)
    print_answer(f"{split_summary(prepared)}\n\n{len(prepared.rows)} rows: {args.out}")
    return 0


def _check_out(args: argparse.Namespace) -> None:
    """Check, before any photo is read, that the table can and may be written.

    Raises:
        DataError: it is there already, is the table to read, or has no folder.
    """
    if os.path.realpath(args.out) == os.path.realpath(args.table):
        raise DataError(f"--out is the table itself, {args.table}; expected another file")
    if args.out.is_dir() or not args.out.parent.is_dir():
        raise DataError(
            f"{args.out}: {'is a folder' if args.out.is_dir() else 'its folder does not exist'}; expected "
            "a file to write in a folder that exists"
        )
    if args.out.exists() and not args.overwrite:
        raise DataError(f"{args.out} exists; give --overwrite to replace it")
