"""A library's messages: errors are collected for our own errors, warnings go to the program's log."""

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

logger = logging.getLogger(__name__)

_KEPT_ERRORS = 32
_NOISE = "catchCudaError"  # repeats an earlier error, with a place in the library's own source


class Log:
    """The messages of one library. It warns of a second logger in a process, so runs and builds share this one.

    Args:
        name: the library's, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._errors: deque[str] = deque(maxlen=_KEPT_ERRORS)
        self._prefix: str | None = None
        self._heard: list[str] = []
        self._listening = threading.Lock()

    def error(self, message: str) -> None:
        """Collect an error."""
        self._errors.append(message)

    def warning(self, message: str) -> None:
        """Report a warning."""
        logger.warning("%s: %s", self._name, message.strip())

    def remark(self, message: str) -> None:
        """Collect a remark that `listening` waits for; drop the others, thousands in a build."""
        prefix = self._prefix  # read once: another thread may reset it meanwhile
        if prefix is not None and message.startswith(prefix):
            self._heard.append(message)

    def last_errors(self) -> str:
        """Return the latest errors as a sentence, each line once, and forget them."""
        errors = []
        with suppress(IndexError):  # another thread may take them at the same time
            while True:
                errors.append(self._errors.popleft())
        return sentence(errors) or "it gives no reason; who used it first in this process may have logged one"

    @contextmanager
    def listening(self, prefix: str) -> Iterator[list[str]]:
        """Yield a list that collects the remarks with this beginning; earlier errors are forgotten.

        One thread listens at a time. The next one waits.
        """
        with self._listening:
            self._errors.clear()
            self._prefix, self._heard = prefix, []
            try:
                yield self._heard
            finally:
                self._prefix, self._heard = None, []


def sentence(messages: list[str]) -> str:
    """Join a library's messages, each line once."""
    lines = dict.fromkeys(line.strip() for message in messages for line in message.splitlines() if line.strip())
    return "; ".join([line for line in lines if _NOISE not in line] or lines)
