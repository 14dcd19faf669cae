"""What the parsers of the training commands share."""

import argparse

from fashionsdk._tools.options_once import CommandParser


def command_parser(prog: str, description: str, examples: str) -> argparse.ArgumentParser:
    """Return the parser of a script, whose help keeps the line breaks of ``examples``."""
    return CommandParser(
        prog=prog,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_device_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: %(default)s")


def add_debug_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--debug``."""
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
