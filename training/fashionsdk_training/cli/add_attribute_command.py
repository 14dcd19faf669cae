"""The command line of ``training/add_attribute.py``."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from fashionsdk.cli import guarded

_EXAMPLES = """\
examples:
  # twenty labelled photos of each neckline, a minute on two cores
  python training/add_attribute.py runs/shop/best --data shop/labels.csv --attribute neckline \\
      --photos-per-value 20 --out runs/shop-neckline

  # then another one on top
  python training/add_attribute.py runs/shop-neckline --data shop/labels.csv --attribute lapel --out runs/shop-both

then
  python training/evaluate.py runs/shop-both --data shop/labels.csv
  python export/build_engine.py runs/shop-both --out shop-bundle
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of ``add_attribute.py``."""
    result = argparse.ArgumentParser(
        prog="add_attribute.py",
        description="Teach a trained model one more attribute, from as few as 20 labelled photos a value, without "
        "training the model again. Every embedding that it gave before stays the same, bit for bit.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("checkpoint", type=Path, help="folder of the trained model; it is left as it is")
    result.add_argument("--data", required=True, type=Path, help="CSV table, or folder with labels.csv or index files")
    result.add_argument("--attribute", required=True, metavar="NAME", help="the new attribute, as the table calls it")
    result.add_argument("--out", required=True, type=Path, help="the checkpoint folder to write")
    result.add_argument("--split", default="train", help="whose photos teach it (default: %(default)s)")
    result.add_argument(
        "--valid", default="valid", metavar="SPLIT", help="whose questions judge it, if there (default: %(default)s)"
    )
    result.add_argument(
        "--photos-per-value", type=int, metavar="N", help="draw so many photos of each value (default: all)"
    )
    result.add_argument("--seed", type=int, default=0, help="of that draw (default: %(default)s)")
    result.add_argument("--cache", type=Path, help="folder to keep decoded photos in (default: none are kept)")
    result.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s")
    result.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Add the attribute as the command line says; return the exit code."""
    args = parser().parse_args(arguments)
    return guarded("add_attribute.py", lambda: _add(args), debug=args.debug)


def _add(args: argparse.Namespace) -> int:
    if args.out.resolve() == args.checkpoint.resolve():
        raise ValueError(f"--out is the checkpoint itself, {args.checkpoint}; expected another folder")
    # The heavy imports wait until the arguments are known to be good: --help answers at once.
    from fashionsdk_training.adding import add_attribute
    from fashionsdk_training.checkpoint import Checkpoint
    from fashionsdk_training.cli.command_log import show_log

    show_log()
    begin = time.monotonic()
    extended = add_attribute(
        Checkpoint.load(args.checkpoint),
        args.data,
        args.attribute,
        split=args.split,
        valid=args.valid,
        photos_per_value=args.photos_per_value,
        seed=args.seed,
        cache=args.cache,
        device=args.device,
    )
    extended.save(args.out)
    photos = sum(extended.recipe["added"][-1]["photos"].values())
    score, chance = (extended.metrics.get(f"{measure}/{args.attribute}") for measure in ("map", "random_map"))
    judged = "" if score is None else f", MAP {score:.2f} (random {chance:.2f})"
    print(f"{args.attribute}: {photos} photos, {time.monotonic() - begin:.0f} s{judged}: {args.out}")
    return 0
