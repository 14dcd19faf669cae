"""Which cells of a table are numbers."""

import re
from collections.abc import Sequence
from typing import TypeAlias

EXACT = 2**53  # whole numbers up to here are exact in every reader of JSON
_INTEGER, _DECIMAL = re.compile(r"-?\d{1,16}", re.ASCII), re.compile(r"-?\d+\.\d+", re.ASCII)

CellValue: TypeAlias = str | int | float


def column_values(cells: Sequence[str]) -> Sequence[CellValue]:
    """Return a column's cells as numbers if each can be written back from its number as it stands, else as they are.

    So ``12``, ``3.5`` and prices with two decimals each are numbers. ``007``, ``1e5``, ``+1`` and ``nan`` are not, nor
    is any cell of their column; nor ``1.10`` beside ``1.1``, which may be versions. Blank cells stay blank.
    """
    decimals = {len(cell.partition(".")[2]) for cell in cells if _DECIMAL.fullmatch(cell)}
    places = decimals.pop() if len(decimals) == 1 else None
    values = [cell if not cell else _number(cell, places) for cell in cells]
    return cells if None in values else [value for value in values if value is not None]


def _number(cell: str, places: int | None) -> int | float | None:
    """Return the number that a cell is, None if it is none; ``places`` is how many decimals all of the column have."""
    if _INTEGER.fullmatch(cell):
        whole = int(cell)
        return whole if str(whole) == cell and abs(whole) <= EXACT else None
    if _DECIMAL.fullmatch(cell):
        number = float(cell)
        return number if cell == (repr(number) if places is None else f"{number:.{places}f}") else None
    return None
