"""One progress bar for everything that takes long: lively on a terminal, sparse in a log file."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm

SHOWN_AFTER = 2  # seconds: what is over sooner needs no bar
LOG_EVERY = 30  # seconds between two lines where nobody watches


class _Lines:
    """Makes of a bar that redraws itself whole lines, so that nothing else lands inside one."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write one state of the bar; what only clears it is dropped."""
        if line := text.strip():
            self._file.write(f"{line}\n")

    def flush(self) -> None:
        """Pass the line on at once."""
        self._file.flush()


def progress_bar(
    items: Iterable[Any] | None, description: str, total: int | None, unit: str, *, shown: bool = True
) -> "tqdm[Any]":
    """Return a bar on stderr around ``items``; with None, one that the caller moves by ``update``.

    Args:
        items: what is worked through.
        description: the bar's label.
        total: how many there are, if known.
        unit: what one of them is called.
        shown: False for a silent bar.
    """
    from tqdm import tqdm  # on first use: it is slow to import

    watched = sys.stderr.isatty()
    return tqdm(
        items,
        description,
        total,
        file=sys.stderr if watched else _Lines(sys.stderr),
        unit=unit,
        delay=SHOWN_AFTER,
        mininterval=0.1 if watched else LOG_EVERY,
        leave=not watched,
        disable=not shown,
    )
