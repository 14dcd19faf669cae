"""The command line of ``training/labels.py``."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk.cli import guarded, print_answer
from fashionsdk_training.cli.command_parser import (
    DATA_HELP,
    add_debug_option,
    add_device_option,
    add_table_options,
    command_parser,
    read_table,
)
from fashionsdk_training.errors import DataError

if TYPE_CHECKING:
    from fashionsdk.labels import Corrections
    from fashionsdk_training.cleaning import LabelReport, TableItems

RECIPE = "cam_cpu"  # its frozen network and input are those of the linear classifiers that training measures
SUSPECTS, PAGE, CACHE = "suspects.csv", "suspects.html", "photos.safetensors"

_DESCRIPTION = """\
Say what a table of labels holds and what is wrong with it: how many photos have which value, rare values, blanks,
photos that stand there several times, and labels that are probably wrong, worst first.

Photos are the same picture if their files are equal, or if one was made from the other: saved again, in another size,
cropped or mirrored. A picture in two splits makes a model look better than it is.

A label is suspected if classifiers contradict it that have not seen the photo, nor another of its product or picture.
With --out they are written to suspects.html, to look at, and to suspects.csv, whose column correct is for you: a value,
or - for no label. Every command takes the result with --corrections. Nothing is changed by itself."""

_EXAMPLES = """\
examples:
  # counts only: no photo is looked at
  python training/labels.py shop/labels.csv --counts

  # everything; look at shop/check/suspects.html, fill the column correct of shop/check/suspects.csv
  python training/labels.py shop/labels.csv --out shop/check

  # train on the corrected labels, and look for more
  python training/train.py --data shop/labels.csv --corrections shop/check/suspects.csv --out runs/corrected
  python training/labels.py shop/labels.csv --corrections shop/check/suspects.csv --out shop/check
"""


def labels_parser() -> argparse.ArgumentParser:
    """Return the parser of ``labels.py``."""
    result = command_parser("labels.py", _DESCRIPTION, _EXAMPLES)
    result.add_argument("table", type=Path, metavar="TABLE", help=DATA_HELP)
    result.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help=f"where {SUSPECTS} and {PAGE} are written; it is made if it is missing. What is known of the photos is "
        "kept there too, so that the next run is short (default: only print)",
    )
    result.add_argument(
        "--overwrite", action="store_true", help=f"replace a {SUSPECTS} with decisions that --corrections does not name"
    )
    add_table_options(result, "look at")
    result.add_argument("--counts", action="store_true", help="counts and equal files only: no network, no page")
    result.add_argument("--seed", type=int, default=0, help="of how photos are dealt to folds (default: %(default)s)")
    result.add_argument("--json", action="store_true", help="print JSON instead of tables")
    add_device_option(result)
    add_debug_option(result)
    return result


def labels(arguments: Sequence[str] | None = None) -> int:
    """Look at the labels as the command line says; return the exit code."""
    args = labels_parser().parse_args(arguments)
    return guarded("labels.py", lambda: _labels(args), debug=args.debug, extra="training")


def _labels(args: argparse.Namespace) -> int:
    if args.counts and args.out is not None:
        raise ValueError("--counts writes nothing; leave out --out")
    # The heavy imports wait until the arguments are known to be good: --help answers at once.
    from fashionsdk_training.cleaning import count_report, report_text, table_items
    from fashionsdk_training.cli.command_log import show_log

    show_log()
    if args.out is not None:
        _check_out(args)
    source = read_table(args)
    items = table_items(source, args.attribute)
    report = count_report(items) if args.counts else _full_report(args, items, source.corrections)
    if args.out is not None:
        _write(args, report, source.corrections)
    print_answer(json.dumps(report.to_json(), indent=2) if args.json else report_text(report))
    return 0


def _full_report(args: argparse.Namespace, items: "TableItems", corrections: "Corrections | None") -> "LabelReport":
    from fashionsdk_training.cleaning import full_report, look_at
    from fashionsdk_training.loop import processes
    from fashionsdk_training.probe import FrozenNetwork
    from fashionsdk_training.recipes import RECIPES

    config = RECIPES[RECIPE]()
    cache = None if args.out is None else args.out / CACHE
    with processes(args.device) as peers:
        network = FrozenNetwork.load(config.model, config.pretrained or "package", peers.device)
        looked = look_at(items.sources, network, config.preprocessing, cache, progress=True)
    decided = () if corrections is None else corrections.decided
    return full_report(items, looked, decided, seed=args.seed, progress=True)


def _check_out(args: argparse.Namespace) -> None:
    """Check, before any photo is read, that the report may be written: decisions of a person are never lost.

    Raises:
        DataError: ``--out`` is no folder, or holds decisions that ``--corrections`` does not name.
        LabelsError: the file there is no file of corrections.
    """
    from fashionsdk._tools.files.regular_file import system_errors_as
    from fashionsdk.labels import read_corrections

    with system_errors_as(DataError, f"cannot write to {args.out}"):
        args.out.mkdir(parents=True, exist_ok=True)
    old = args.out / SUSPECTS
    named = (
        args.corrections is not None and args.corrections.exists() and old.exists() and old.samefile(args.corrections)
    )
    if args.overwrite or named or not old.exists():
        return
    if decided := len(read_corrections(old).decided):
        raise DataError(
            f"{old} holds {decided} decisions; keep them with --corrections {old}, or give --overwrite to lose them"
        )


def _write(args: argparse.Namespace, report: "LabelReport", corrections: "Corrections | None") -> None:
    """Write the suspects, behind them the decisions so far, and the page."""
    from fashionsdk._tools.files.atomic_file import replacing
    from fashionsdk._tools.files.regular_file import system_errors_as
    from fashionsdk.cli import note
    from fashionsdk.labels import write_corrections
    from fashionsdk_training.cleaning import render_labels

    decided = () if corrections is None else corrections.decided
    with system_errors_as(DataError, f"cannot write to {args.out}"):
        write_corrections(args.out / SUSPECTS, [*report.corrections(), *decided])
        with replacing(args.out / PAGE) as file:
            file.write(render_labels(report, {"Data": str(args.table), "Seed": str(args.seed)}).encode())
    note(f"wrote {args.out / SUSPECTS} and {args.out / PAGE}")
