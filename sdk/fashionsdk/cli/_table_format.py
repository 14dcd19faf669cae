"""The options of a label table: its format, and the corrections of its labels."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fashionsdk.labels import Data

# fashionsdk.labels.FORMATS, without importing it: --help answers at once. A test compares them.
TABLE_FORMATS = ("csv", "jsonl", "parquet", "huggingface", "folders", "shopify", "google")


def add_format_option(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    """Add the format of a label table."""
    parser.add_argument(
        "--format",
        choices=TABLE_FORMATS,
        help="the label table's (default: by the file's ending, the folder's files and the table's columns)",
    )


def add_corrections_option(parser: "argparse.ArgumentParser | argparse._ArgumentGroup") -> None:
    """Add the corrections of a label table's labels."""
    parser.add_argument(
        "--corrections",
        type=Path,
        metavar="CSV",
        help="use the label table with these labels corrected: suspects.csv, in which a person has filled the column "
        "correct",
    )


def labelled_data(args: argparse.Namespace) -> "Data":
    """Return the path in ``--data``, or the table there, read already, if ``--format`` or ``--corrections`` is given.

    Raises:
        LabelsError: it is read and cannot be.
    """
    corrections = getattr(args, "corrections", None)
    if args.format is None and corrections is None:
        return Path(args.data)
    from fashionsdk.labels import LabelSource

    attributes = getattr(args, "attribute", None)
    return LabelSource.open(args.data, attributes, format=args.format, corrections=corrections)
