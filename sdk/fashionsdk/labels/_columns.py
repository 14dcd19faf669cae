"""Decides which columns of a label table are attributes, and says which are not."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from fashionsdk.labels._csv_reader import CsvTable
from fashionsdk.labels.text import clean, word_of

RESERVED = ("image", "split", "role", "box", "product")  # columns that are no attributes

PANDAS_INDEX = re.compile(r"Unnamed: \d+(\.\d+)*(_level_\d+)?")
FEWEST = 10  # distinct values from which a column is judged; below, nothing can be told from a small table
MANY, VERY_MANY = 20, 100  # distinct values: more than an attribute of numbers has, or one of words


def house_name(name: str) -> str:
    """Return a column's name; those that are not attributes may be written in any case, as spreadsheets do."""
    name = clean(name)
    return name.lower() if name.lower() in RESERVED else name


def named_columns(table: CsvTable) -> tuple[CsvTable, list[str]]:
    """Return a table without the columns that count rows or are empty, and a note for each.

    ``DataFrame.to_csv`` writes its index as a first column without a name, and ``read_csv`` calls that ``Unnamed: 0``.
    Spreadsheets write empty columns without a name.
    """
    notes, left = [], []
    for n, name in enumerate(table.columns):
        index = bool(PANDAS_INDEX.fullmatch(name)) or (not name and not n and len(table.columns) > 1)
        empty = bool(table.rows) and not any(cells[n].strip() for _, cells in table.rows)
        if index or (empty and not name):
            what = "is empty" if empty else "counts rows, as pandas writes them"
            notes.append(f"column {n + 1} ({name or 'without a name'}) is left out: it {what}")
        else:
            left.append(n)
    return (table.with_columns(left) if notes else table), notes


def why_no_attribute(values: Mapping[str, int]) -> str | None:
    """Return why a column with these values, each with its number of photos, is no attribute; None if it may be one.

    - Most values are of one photo, or there are over 100 with under 5 photos each on average: a number, name or address
      of a product, a title.
    - The values are numbers, amounts or dates, and there are over 20, or they have under 5 photos each on average: a
      price, a weight, a day. Codes 0, 1, 2, ... without gaps count as words.
    """
    distinct, count = len(values), sum(values.values())
    if distinct < FEWEST:
        return None
    found = f"{distinct} values in {count} photos"
    if count < 2 * distinct or (distinct > VERY_MANY and count < 5 * distinct):
        return f"{found}: they hardly ever repeat"
    if (distinct > MANY or count < 5 * distinct) and not any(map(_has_letter, values)) and not _are_codes(values):
        return f"{found}, all of them numbers"
    return None


def _has_letter(value: str) -> bool:
    return any(map(str.isalpha, value))


def _are_codes(values: Mapping[str, int]) -> bool:
    """Tell whether values are the numbers of named values, as data sets have them: 0 or 1 upwards, few left out."""
    if not all(value.isascii() and value.isdigit() and len(value) < 10 for value in values):
        return False
    numbers = {int(value) for value in values}
    return min(numbers) <= 1 and max(numbers) < 2 * len(numbers)


def left_out_notes(reasons: Mapping[str, str]) -> list[str]:
    """Return a note for each column that is left out for a reason."""
    return [
        f"column {name!r} is left out, it seems to be no attribute: {reason}; to use it, name the attributes to use "
        "with --attribute, once for each"
        for name, reason in reasons.items()
    ]


def count_values(cells: Sequence[str]) -> Counter[str]:
    """Count the cells of each value; blank ones are none."""
    counts = Counter(cells)
    del counts[""]
    return counts


def alike_columns(names: Sequence[str]) -> list[str]:
    """Return a note for each two attributes whose names seem to be one word."""
    words: dict[str, str] = {}
    pairs = [(words.setdefault(word_of(name), name), name) for name in names]
    return [
        f"columns {first!r} and {second!r} are two attributes; if they are one, join them"
        for first, second in pairs
        if first != second
    ]
