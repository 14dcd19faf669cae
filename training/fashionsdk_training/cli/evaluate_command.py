"""The command line of ``training/evaluate.py``."""

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path

from fashionsdk.cli import add_corrections_option, add_format_option, guarded, labelled_data, print_answer
from fashionsdk.cli import main as fashionsdk
from fashionsdk_training.cli.command_parser import DATA_HELP, add_debug_option, add_device_option, command_parser

_DESCRIPTION = """\
MAP and recall per attribute of a checkpoint or a bundle, by the papers' protocol. On triplet lists (Zappos50k): triplet
prediction accuracy."""

_EXAMPLES = """\
examples:
  python training/evaluate.py runs/shop/best --data shop/labels.csv
  python training/evaluate.py shop-bundle --data shop/labels.csv --json
"""


def evaluate_parser() -> argparse.ArgumentParser:
    """Return the parser of ``evaluate.py``."""
    parser = command_parser("evaluate.py", _DESCRIPTION, _EXAMPLES)
    parser.add_argument("model", type=Path, help="checkpoint folder, or bundle folder")
    parser.add_argument("--data", required=True, type=Path, help=DATA_HELP)
    add_format_option(parser)
    add_corrections_option(parser)
    parser.add_argument("--split", help="its name (default: valid; of triplet lists val)")
    parser.add_argument(
        "--attribute",
        action="append",
        metavar="NAME",
        help="evaluate this attribute only; may be repeated (default: all)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_device_option(parser)
    add_debug_option(parser)
    return parser


def evaluate(arguments: Sequence[str] | None = None) -> int:
    """Evaluate as the command line says; return the exit code."""
    args = evaluate_parser().parse_args(arguments)
    return guarded("evaluate.py", lambda: _evaluate(args), debug=args.debug, extra="training")


def _evaluate(args: argparse.Namespace) -> int:
    from fashionsdk.bundle import MANIFEST_FILE
    from fashionsdk.labels import holds_triplets

    triplets = args.format is None and holds_triplets(args.data)
    if triplets and args.corrections is not None:
        raise ValueError("--corrections with lists of triplets; expected a label table")
    split = args.split or ("val" if triplets else "valid")
    if os.path.isfile(args.model / MANIFEST_FILE):  # a bundle: the SDK's own command
        command = "triplets" if triplets else "evaluate"
        options = ["--data", str(args.data), "--split", split, "--device", args.device]
        options += [] if triplets or args.format is None else ["--format", args.format]
        options += [] if args.corrections is None else ["--corrections", str(args.corrections)]
        options += [word for name in args.attribute or () for word in ("--attribute", name)]
        return fashionsdk([command, str(args.model), *options, *["--json"] * args.json])
    from fashionsdk_training.loop import evaluate_checkpoint

    evaluation = evaluate_checkpoint(
        args.model,
        args.data if triplets else labelled_data(args),
        split,
        attributes=args.attribute,
        device=args.device,
        progress=True,
    )
    print_answer(json.dumps(evaluation.to_json(), indent=2) if args.json else evaluation.table())
    return 0
