"""The command line of ``training/add_attribute.py``."""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from fashionsdk._tools.printable_text import printable
from fashionsdk.cli import add_corrections_option, add_format_option, guarded, labelled_data, print_answer
from fashionsdk_training.cli.command_parser import DATA_HELP, add_debug_option, add_device_option, command_parser

_DESCRIPTION = """\
Add an attribute to a trained model, from as few as 20 labelled photos of each value, without training the model again.
Its other embeddings stay equal to the bit."""

_EXAMPLES = """\
examples:
  # twenty labelled photos of each neckline, a minute on two cores
  python training/add_attribute.py runs/shop/best --data shop/labels.csv --attribute neckline \\
      --photos-per-value 20 --out runs/shop-neckline

  # then another attribute
  python training/add_attribute.py runs/shop-neckline --data shop/labels.csv --attribute lapel --out runs/shop-both

then
  python training/evaluate.py runs/shop-both --data shop/labels.csv
  python export/build_engine.py runs/shop-both --out shop-bundle
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of ``add_attribute.py``."""
    result = command_parser("add_attribute.py", _DESCRIPTION, _EXAMPLES)
    result.add_argument("checkpoint", type=Path, help="folder of the trained model; it does not change")
    result.add_argument("--data", required=True, type=Path, help=DATA_HELP)
    add_format_option(result)
    add_corrections_option(result)
    result.add_argument("--attribute", required=True, metavar="NAME", help="the new attribute, as the table calls it")
    result.add_argument("--out", required=True, type=Path, help="the checkpoint folder to write")
    result.add_argument("--overwrite", action="store_true", help="replace the checkpoint at --out")
    result.add_argument("--split", default="train", help="whose photos train it (default: %(default)s)")
    result.add_argument(
        "--valid",
        default="valid",
        metavar="SPLIT",
        help="whose queries evaluate it, if it exists (default: %(default)s)",
    )
    result.add_argument(
        "--photos-per-value", type=int, metavar="N", help="draw at most N photos of each value (default: all)"
    )
    result.add_argument("--seed", type=int, default=0, help="of that draw (default: %(default)s)")
    result.add_argument("--cache", type=Path, help="folder to keep decoded photos in (default: a temporary one)")
    add_device_option(result)
    add_debug_option(result)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Add the attribute as the command line says; return the exit code."""
    args = parser().parse_args(arguments)
    return guarded("add_attribute.py", lambda: _add(args), debug=args.debug, extra="training")


def _add(args: argparse.Namespace) -> int:
    if os.path.realpath(args.out) == os.path.realpath(args.checkpoint):
        raise ValueError(f"--out is the checkpoint itself, {args.checkpoint}; expected another folder")
    # The heavy imports wait until the arguments are known to be good: --help answers at once.
    from fashionsdk_training.adding import add_attribute
    from fashionsdk_training.checkpoint import Checkpoint
    from fashionsdk_training.cli.command_log import show_log

    show_log()
    Checkpoint.check_writable(args.out, overwrite=args.overwrite)
    begin = time.monotonic()
    extended = add_attribute(
        Checkpoint.load(args.checkpoint),
        labelled_data(args),
        args.attribute,
        split=args.split,
        valid=args.valid,
        photos_per_value=args.photos_per_value,
        seed=args.seed,
        cache=args.cache,
        device=args.device,
        progress=True,
    )
    extended.save(args.out)
    photos = sum(extended.recipe["added"][-1]["photos"].values())
    score, chance = (extended.metrics.get(f"{measure}/{args.attribute}") for measure in ("map", "random_map"))
    reached = "" if score is None else f", MAP {score:.2f} (random {chance:.2f})"
    print_answer(f"{printable(args.attribute)}: {photos} photos, {time.monotonic() - begin:.0f} s{reached}: {args.out}")
    return 0
