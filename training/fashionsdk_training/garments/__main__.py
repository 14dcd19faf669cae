"""Write a data set of generated garments: ``python -m fashionsdk_training.garments OUT``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from fashionsdk._tools.command_parser import CommandParser
from fashionsdk._tools.printable_text import printable
from fashionsdk.cli import guarded, print_answer
from fashionsdk_training.garments.garment_table import write_table
from fashionsdk_training.garments.render import Scenes
from fashionsdk_training.garments.vocabulary import ATTRIBUTES


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the data set that the command line asks for; return the exit code."""
    parser = _parser()
    args = parser.parse_args(arguments)
    return guarded("garments", lambda: _write(parser, args))


def _write(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    try:
        labels = write_table(
            args.out,
            train=args.train,
            valid=args.valid,
            seed=args.seed,
            side=args.side,
            scenes=args.scenes,
            workers=args.workers,
            progress=True,
        )
    except ValueError as error:
        parser.error(str(error))
    print_answer(
        f"{printable(str(labels))}: {args.train} train and {args.valid} valid pictures, {len(ATTRIBUTES)} attributes"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m fashionsdk_training.garments",
        description="Draw garments with FashionAI's eight attributes: OUT/images/*.jpg, OUT/labels.csv and "
        "OUT/boxes.csv. The same seed, side and scenes give the same pictures.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="folder to write to; created if missing")
    parser.add_argument("--train", type=int, default=2000, help="pictures to train on")
    parser.add_argument("--valid", type=int, default=500, help="pictures to validate on")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other pictures")
    parser.add_argument(
        "--side", type=int, default=224, help="width and height in pixels, the longer one if they differ"
    )
    _add_scenes(parser)
    parser.add_argument("--workers", type=int, help="processes; chosen by pictures and CPUs if not given")
    return parser


def _add_scenes(parser: argparse.ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--scenes",
        choices=get_args(Scenes),
        default="square",
        help="square: the figure in the middle; mixed: portraits of 3:4 and 2:3, squares, landscapes of 4:3, with "
        "whole garments, not always in the middle; anywhere: cluttered, of any proportion, with a small figure",
    )
    either.add_argument(
        "--anywhere",
        action="store_const",
        dest="scenes",
        const="anywhere",
        default=argparse.SUPPRESS,
        help="the same as --scenes anywhere",
    )


if __name__ == "__main__":
    raise SystemExit(main())
