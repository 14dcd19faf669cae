"""What the parsers of the training commands share."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk._tools.command_parser import CommandParser
from fashionsdk.cli import add_corrections_option, add_format_option

if TYPE_CHECKING:
    from fashionsdk.labels import LabelSource

DATA_HELP = (
    "label table: CSV, JSON lines or Parquet, or a folder with one, with Hugging Face metadata, with folders by value, "
    "or with the ASEN papers' index files"
)


def command_parser(prog: str, description: str, examples: str) -> argparse.ArgumentParser:
    """Return the parser of a script, whose help keeps the line breaks of ``examples``."""
    return CommandParser(
        prog=prog,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_device_option(parser: argparse.ArgumentParser, default: str | None = "auto") -> None:
    """Add ``--device``; with ``default=None`` a caller sees whether it was given, and means auto."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default=default, help="default: auto")


def add_debug_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--debug``."""
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


def add_table_options(parser: argparse.ArgumentParser, use: str) -> None:
    """Add what a table in any form, with or without splits, is read by; ``use`` says what is done with an attribute."""
    add_format_option(parser)
    add_corrections_option(parser)
    parser.add_argument(
        "--photos", type=Path, metavar="FOLDER", help="the folder that photos are in (default: the table's folder)"
    )
    parser.add_argument(
        "--attribute",
        action="append",
        metavar="NAME",
        help=f"{use} this attribute; may be repeated (default: the format's, or each column that seems to be one)",
    )


def read_table(args: argparse.Namespace) -> "LabelSource":
    """Return the table that the options of `add_table_options` name; it need not have splits.

    Raises:
        LabelsError: the table or the corrections are missing, damaged, or do not fit each other.
    """
    from fashionsdk.labels import LabelSource

    return LabelSource.open(
        args.table,
        args.attribute,
        format=args.format,
        photos=args.photos,
        splits=False,
        corrections=args.corrections,
    )
