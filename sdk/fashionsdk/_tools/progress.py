"""One progress bar for everything that takes long: redrawn on a terminal, a line now and then in a log file."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, Protocol, Self, TextIO

from fashionsdk._tools.printable_text import printable
from fashionsdk._tools.standard_streams import flush, is_terminal, usable

SHOWN_AFTER = 2  # seconds; shorter work shows no bar
LOG_EVERY = 30  # seconds between two lines when stderr is not a terminal


class Bar(Protocol):
    """What the work does with its bar."""

    total: Any
    n: Any  # how far it has moved

    def __iter__(self) -> Iterator[Any]:
        """Yield the items, and move by one for each."""

    def __enter__(self) -> Self:
        """Return the bar."""

    def __exit__(self, *error: object) -> Any:
        """Draw the last state."""

    def update(self, n: float = 1) -> Any:
        """Move by ``n`` items."""

    def set_postfix(self, *, refresh: bool = True, **values: Any) -> None:
        """Show values behind the bar."""


class _Silent:
    """A bar that nobody sees. Nothing is imported and no thread is started for it."""

    def __init__(self, items: Iterable[Any] | None, total: int | None) -> None:
        self._items, self.total, self.n = items, total, 0.0

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items or ())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def update(self, n: float = 1) -> None:
        """Move by ``n`` items."""
        self.n += n

    def set_postfix(self, *, refresh: bool = True, **values: Any) -> None:
        """Do nothing."""


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
        flush(self._file)


def progress_bar(
    items: Iterable[Any] | None, description: str, total: int | None, unit: str, *, shown: bool = True
) -> Bar:
    """Return a bar on stderr around ``items``; with None, one that the caller moves with ``update``.

    Without a usable stderr it is silent.

    Args:
        items: the work, item by item.
        description: the bar's label.
        total: the number of items, if it is known.
        unit: the name of one item.
        shown: False for a silent bar.
    """
    stream = usable(sys.stderr)
    if not shown or stream is None:
        return _Silent(items, total)
    terminal = is_terminal(stream)
    bar: Bar = _bar_class()(
        items,
        printable(description),
        total,
        file=stream if terminal else _Lines(stream),
        unit=unit,
        delay=SHOWN_AFTER,
        mininterval=0.1 if terminal else LOG_EVERY,
        miniters=1,
        leave=not terminal,
    )
    return bar


@cache
def _bar_class() -> Any:
    """Return tqdm without its thread, which corrects wrong guesses of the next redraw: our bars look at the clock."""
    from tqdm import tqdm  # here, because it is slow to import

    class Bar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0

    return Bar


def beside_bars(stream: TextIO) -> AbstractContextManager[Any]:
    """Return a context to write lines to ``stream`` in, while bars may be on the terminal."""
    if "tqdm" not in sys.modules:  # then there are none
        return nullcontext()
    from tqdm import tqdm

    return tqdm.external_write_mode(file=stream)
