"""The command line of ``training/import_original.py``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from fashionsdk.cli import guarded, print_answer
from fashionsdk_training.cli.command_parser import add_debug_option, command_parser
from fashionsdk_training.config import LocalBranch, Original

_DESCRIPTION = """\
Convert a .pth.tar file of one of the papers' programs to a checkpoint of this project. An unknown parameter is an
error. Parameters that the network never reads are listed. Nothing in the file is executed."""

_EXAMPLES = """\
examples:
  # the names of the attributes come from the data set's meta.json, in the original's order
  python training/import_original.py checkpoint.pth.tar --model asen --data data/FashionAI --out runs/asen
  python training/evaluate.py runs/asen --data data/FashionAI --split test
  python export/build_engine.py runs/asen --out asen-bundle
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of ``import_original.py``."""
    result = command_parser("import_original.py", _DESCRIPTION, _EXAMPLES)
    result.add_argument("file", type=Path, help="the original's checkpoint, .pth.tar")
    result.add_argument("--model", choices=get_args(Original), required=True, help="the program that wrote it")
    result.add_argument("--out", type=Path, required=True, help="the checkpoint folder to write")
    result.add_argument("--overwrite", action="store_true", help="replace the checkpoint at --out")
    names = result.add_mutually_exclusive_group()
    names.add_argument("--data", type=Path, help="folder of the ASEN papers' index files, for the attributes' names")
    names.add_argument(
        "--attribute",
        action="append",
        metavar="NAME",
        help="an attribute's name, once for each, in order (default: attribute-1, ...)",
    )
    result.add_argument("--side", type=int, help="pixels of the model's input (default: 224; asen_pp 448)")
    result.add_argument("--threshold", type=float, help=f"asen_pp: of the region (default: {LocalBranch.threshold})")
    result.add_argument("--beta", type=float, help=f"asen_pp: the global branch's weight (default: {LocalBranch.beta})")
    add_debug_option(result)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Import as the command line says; return the exit code."""
    args = parser().parse_args(arguments)
    return guarded("import_original.py", lambda: _import(args), debug=args.debug, extra="training")


def _import(args: argparse.Namespace) -> int:
    # The heavy imports wait until the arguments are known to be good: --help answers at once.
    from fashionsdk.attributes import Attribute
    from fashionsdk.labels import read_attributes
    from fashionsdk_training.checkpoint import Checkpoint
    from fashionsdk_training.originals import import_original

    Checkpoint.check_writable(args.out, overwrite=args.overwrite)
    attributes = None
    if args.data is not None:
        attributes = read_attributes(args.data)
    elif args.attribute is not None:
        attributes = tuple(Attribute(name, ()) for name in args.attribute)
    imported = import_original(
        args.file, args.model, attributes=attributes, side=args.side, threshold=args.threshold, beta=args.beta
    )
    imported.checkpoint.save(args.out)
    print_answer(f"{imported.summary()}\n{args.out}")
    return 0
