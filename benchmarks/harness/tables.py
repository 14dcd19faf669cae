"""Tables that benchmarks print, and the JSON lines under them."""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO


def row(cells: Sequence[str]) -> str:
    """Return one line of a markdown table."""
    return f"| {' | '.join(cells)} |"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a markdown table.

    Raises:
        ValueError: a row has more or fewer cells than the header.
    """
    lines = [row(header), row(["---"] * len(header))]
    for cells in rows:
        if len(cells) != len(header):
            raise ValueError(f"a row has {len(cells)} cells: {cells}; expected {len(header)}: {header}")
        lines.append(row(cells))
    return "\n".join(lines)


def json_lines(records: Iterable[Mapping[str, Any]]) -> str:
    """Return a line of JSON for each record."""
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records)


def show(record: Mapping[str, Any], file: TextIO | None = None) -> None:
    """Print a line of JSON at once, or write it: an interrupted run has then shown what it had measured."""
    print(json_lines([record]), file=file, flush=True)


def spread(values: Sequence[float]) -> str:
    """Return the mean and, of several values, their standard deviation."""
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"
