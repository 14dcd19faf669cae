"""A record of every write: who, when, what, and how it ended."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

MOST_KEYS = 100  # in one line


class Audit:
    """Appends JSON lines to a file; a line is on disk before the write is answered.

    Args:
        path: the file, made if it is not there, for its owner's eyes only; ``None`` records nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def record(self, caller: str, request_id: str, action: str, keys: Sequence[str], outcome: str) -> None:
        """Record one write.

        Raises:
            OSError: it cannot be written.
        """
        if self._file is None:
            return
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "caller": caller,
            "request_id": request_id,
            "action": action,
            "count": len(keys),
            "keys": list(keys[:MOST_KEYS]),
            "outcome": outcome,
        }
        os.write(self._file, json.dumps(line).encode("ascii") + b"\n")
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
