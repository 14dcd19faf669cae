"""Rows of the tables that benchmarks print."""

import statistics
from collections.abc import Sequence


def row(cells: Sequence[str]) -> str:
    """Return one line of a markdown table."""
    return f"| {' | '.join(cells)} |"


def spread(values: Sequence[float]) -> str:
    """Return the mean and, of several values, their standard deviation."""
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"
