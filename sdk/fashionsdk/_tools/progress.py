"""One progress bar for everything that takes long: redrawn on a terminal, a line now and then in a log file."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

SHOWN_AFTER = 2  # seconds; shorter work shows no bar
LOG_EVERY = 30  # seconds between two lines when stderr is not a terminal


class _Lines:
    """Writes progress as whole lines when stderr is not a terminal."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write one state of the bar; text that only clears it is dropped."""
        if line := text.strip():
            self._file.write(f"{line}\n")

    def flush(self) -> None:
        """Write the line at once."""
        self._file.flush()


def progress_bar(
    items: Iterable[Any] | None, description: str, total: int | None, unit: str, *, shown: bool = True
) -> "tqdm[Any]":
    """Return a bar on stderr around ``items``; with None, one that the caller moves with ``update``.

    Args:
        items: the work, item by item.
        description: the bar's label.
        total: the number of items, if it is known.
        unit: the name of one item.
        shown: False for a silent bar.
    """
    from tqdm import tqdm  # here, because it is slow to import

    terminal = sys.stderr.isatty()
    return tqdm(
        items,
        description,
        total,
        file=sys.stderr if terminal else _Lines(sys.stderr),
        unit=unit,
        delay=SHOWN_AFTER,
        mininterval=0.1 if terminal else LOG_EVERY,
        leave=not terminal,
        disable=not shown,
    )
