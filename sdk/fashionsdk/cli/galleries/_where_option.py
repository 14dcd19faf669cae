"""The option ``--where``: a condition on metadata as text."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fashionsdk.search import Condition


def add_where_option(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the option; ``text`` is its help."""
    parser.add_argument("--where", type=condition, metavar="CONDITION", help=f"{text}, such as 'price <= 50'")


def condition(text: str) -> "Condition":
    """Parse a condition."""
    from fashionsdk.search import parse_condition

    try:
        return parse_condition(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
