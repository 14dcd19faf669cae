"""Cells that a spreadsheet would run: a table of others is written so that opening it does nothing."""

import re

_NUMBER = re.compile(r"[+-]?[\d.,]+\s*%?", re.ASCII)
STARTS = ("=", "+", "-", "@", "\t", "\r")


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet may take a cell for a formula: it begins like one and is no number."""
    return cell.startswith(STARTS) and not _NUMBER.fullmatch(cell)


def plain_path(path: str) -> str:
    """Return a path of the same file that no spreadsheet takes for a formula."""
    return f"./{path}" if is_formula(path) else path


def plain_name(name: str) -> str:
    """Return a product's name that no spreadsheet takes for a formula; names that differ still do."""
    return f"'{name}" if is_formula(name) or name.startswith("'") else name


def name_of(cell: str) -> str:
    """Return the name that `plain_name` wrote as ``cell``."""
    name = cell.removeprefix("'")
    return name if name != cell and plain_name(name) == cell else cell
