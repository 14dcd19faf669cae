"""The kinds of damaged inputs by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from damaged.galleries import Galleries
from damaged.graphs import Graphs
from damaged.manifests import Manifests
from damaged.photos import Photos
from damaged.tables import Tables


class Kind(Protocol):
    """One kind of input.

    Attributes:
        refusals: the errors that a damaged input may raise; any other is a fault.
    """

    refusals: tuple[type[Exception], ...]

    def damaged(self, index: int) -> tuple[str, bytes]:
        """Return input ``index``, the same on every run: the name of its format, and its content."""
        ...

    def read(self, content: bytes) -> None:
        """Read an input as a user would, and check the answer.

        Raises:
            Exception: one of ``refusals``; any other is a fault.
        """
        ...


# Each takes a folder for its files, which it may fill once and share with later processes, and a seed.
KINDS: dict[str, Callable[[Path, int], Kind]] = {
    "photos": Photos,
    "manifests": Manifests,
    "graphs": Graphs,
    "galleries": Galleries,
    "tables": Tables,
}
