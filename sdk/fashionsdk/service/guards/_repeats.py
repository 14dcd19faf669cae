"""Answers to writes that callers gave a key of their own: whoever asks again under it gets the first answer again."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fashionsdk.service._problems import Problem

SECONDS = 86_400.0  # that an answer is kept
MOST = 10_000  # answers that are kept; the oldest is forgotten first
RUNNING_SECONDS = 120.0  # after which a write that has not ended is taken for one whose process died
RETRY = {"Retry-After": "1"}

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY, caller TEXT, key TEXT, question BLOB, answer TEXT, since REAL, UNIQUE (caller, key)
);
CREATE INDEX IF NOT EXISTS answers_since ON answers (since);
"""


class Repeats:
    """Keeps answers by caller and key. Several threads may call it, and the processes that share its file.

    Only answers of writes that succeeded are kept. One that failed has changed nothing, so its repetition is tried.

    Args:
        path: an SQLite file, made if it is not there, for its owner's eyes only; ``None`` for this process's memory.

    Raises:
        OSError: the file cannot be made.
        ValueError: it is no SQLite file.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise ValueError(
                f"{path} cannot hold answers: {error}; expected a new file, or one of a service"
            ) from error

    def begin(self, caller: str, key: str, question: bytes) -> str | None:
        """Return the answer that the caller got under a key, or ``None``: the write begins now.

        Args:
            caller: who asks.
            key: the caller's key for the write.
            question: a digest of what is asked.

        Raises:
            Problem: another question has the key, the first write has not ended, or the file cannot be used now.
        """
        now = time.time()
        with self._writing():
            self._forget_old(now)
            found = self._database.execute(
                "SELECT question, answer, since FROM answers WHERE caller = ? AND key = ?", (caller, key)
            ).fetchone()
            if found is not None:
                return self._found(caller, key, question, found, now)
            self._database.execute(
                "INSERT INTO answers (caller, key, question, since) VALUES (?, ?, ?, ?)", (caller, key, question, now)
            )
            return None

    def finish(self, caller: str, key: str, answer: str) -> None:
        """Keep the answer of a write that succeeded.

        Raises:
            Problem: the file cannot be used now.
        """
        with self._writing():
            self._database.execute("UPDATE answers SET answer = ? WHERE caller = ? AND key = ?", (answer, caller, key))

    def forget(self, caller: str, key: str) -> None:
        """Forget a write that failed.

        Raises:
            Problem: the file cannot be used now.
        """
        with self._writing():
            self._database.execute("DELETE FROM answers WHERE caller = ? AND key = ?", (caller, key))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _found(
        self, caller: str, key: str, question: bytes, found: tuple[bytes, str | None, float], now: float
    ) -> str | None:
        first, answer, since = found
        if first != question:
            raise Problem("key-reused", "the Idempotency-Key was sent with another request; expected a new one")
        if answer is None and now - since < RUNNING_SECONDS:
            raise Problem("running", "the first request with this Idempotency-Key has not ended", RETRY)
        if answer is None:
            self._database.execute("UPDATE answers SET since = ? WHERE caller = ? AND key = ?", (now, caller, key))
        return answer

    def _forget_old(self, now: float) -> None:
        self._database.execute("DELETE FROM answers WHERE since < ?", (now - SECONDS,))
        self._database.execute("DELETE FROM answers WHERE number <= (SELECT MAX(number) FROM answers) - ?", (MOST - 1,))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock of the threads and that of the processes within the block."""
        try:
            with self._lock, self._transaction():
                yield
        except sqlite3.Error as error:
            raise Problem("unavailable", "the answers to writes cannot be kept now", RETRY) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")
