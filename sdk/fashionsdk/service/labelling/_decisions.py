"""The file of corrections: decisions of several people and processes, none of which is lost."""

import hashlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fashionsdk._tools.files.atomic_file import locked
from fashionsdk.labels import Correction, read_corrections, write_corrections

EMPTY = "empty"  # the tag of a file that is not there yet


class ChangedSince(Exception):
    """The file is not as it was when its reader decided."""


@dataclass(frozen=True)
class Decisions:
    """The file at one moment.

    Attributes:
        tag: of its bytes; two files with one tag are equal.
        rows: of the file.
    """

    tag: str
    rows: tuple[Correction, ...]


class DecisionFile:
    """A file of corrections that is read and replaced by several processes.

    Args:
        path: the file; it need not be there.

    Raises:
        LabelsError: it is there and cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._thread = path, threading.Lock()
        self._seen: tuple[object, Decisions] | None = None
        self.read()

    def read(self) -> Decisions:
        """Return what the file says now.

        Raises:
            LabelsError: it cannot be read.
        """
        try:
            about = self.path.stat()
        except FileNotFoundError:
            return Decisions(EMPTY, ())
        state = (about.st_ino, about.st_mtime_ns, about.st_size)
        seen = self._seen
        if seen is None or seen[0] != state:
            tag = hashlib.sha256(self.path.read_bytes()).hexdigest()[:32]
            seen = self._seen = (state, Decisions(tag, read_corrections(self.path).rows))
        return seen[1]

    def change(self, tag: str, changed: Callable[[tuple[Correction, ...]], Iterable[Correction]]) -> Decisions:
        """Replace the rows by what ``changed`` makes of them, in one step.

        Args:
            tag: of the file that the caller decided by.
            changed: from the rows to the new ones.

        Raises:
            ChangedSince: the file has another tag by now.
            LabelsError: it cannot be read.
            OSError: it cannot be written.
        """
        with self._thread, locked(self.path.parent / f".{self.path.name}.deciding"):
            now = self.read()
            if now.tag != tag:
                raise ChangedSince
            write_corrections(self.path, changed(now.rows))
            return self.read()
