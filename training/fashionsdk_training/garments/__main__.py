"""Write a data set of generated garments: ``python -m fashionsdk_training.garments OUT``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from fashionsdk._tools.options_once import CommandParser
from fashionsdk_training.garments.garment_table import write_table
from fashionsdk_training.garments.vocabulary import ATTRIBUTES


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the data set that the command line asks for."""
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        labels = write_table(
            args.out,
            train=args.train,
            valid=args.valid,
            seed=args.seed,
            side=args.side,
            workers=args.workers,
            progress=True,
        )
    except ValueError as error:
        parser.error(str(error))
    print(f"{labels}: {args.train} train and {args.valid} valid pictures, {len(ATTRIBUTES)} attributes")


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="python -m fashionsdk_training.garments",
        description="Draw garments with FashionAI's eight attributes: OUT/images/*.jpg, OUT/labels.csv and "
        "OUT/boxes.csv. The same seed and side give the same pictures.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("out", metavar="OUT", type=Path, help="folder to write to; created if missing")
    parser.add_argument("--train", type=int, default=2000, help="pictures to train on")
    parser.add_argument("--valid", type=int, default=500, help="pictures to validate on")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other pictures")
    parser.add_argument("--side", type=int, default=224, help="width and height in pixels")
    parser.add_argument("--workers", type=int, help="processes; chosen by pictures and CPUs if not given")
    return parser


if __name__ == "__main__":
    main()
