"""The keys that a service knows now. A changed file counts from the next second on, without a restart."""

import hashlib
import hmac
import logging
import os
import time
from datetime import UTC, datetime
from pathlib import Path

from fashionsdk.service._problems import Problem
from fashionsdk.service.guards._api_keys import ANYONE, Caller, KeyLine, Scope, read_key_lines

VARIABLE = "FASHIONSDK_KEYS"
SECONDS = 1.0  # between two looks at the file

_log = logging.getLogger("fashionsdk.service")


class KeyRing:
    """Checks API keys. For one thread.

    Args:
        path: file of lines as `read_key_lines` reads them; ``None`` for the variable ``FASHIONSDK_KEYS``. With neither
            there are no keys, and everyone may do everything.

    Raises:
        ValueError: there are lines, but they cannot be read, or the file holds no key.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path | None) -> None:
        self._path, self._looked, self._stamp = path, 0.0, None if path is None else _stamp(path)
        self._lines = self._read()

    @property
    def needed(self) -> bool:
        """Whether a caller needs a key."""
        return self._lines is not None

    def caller(self, key: str | None, scope: Scope) -> Caller:
        """Return whose key this is.

        Raises:
            Problem: there is none, it is unknown or has expired, or it does not allow ``scope``.
        """
        self._renew()
        if self._lines is None:
            return ANYONE
        challenge = {"WWW-Authenticate": 'Bearer realm="fashionsdk"'}
        if not key:
            raise Problem("key-missing", "expected a key in the header Authorization: Bearer KEY", challenge)
        line = self._line(key)
        if line is None or not line.valid(datetime.now(UTC)):
            raise Problem("key-wrong", "the key is unknown or has expired", challenge)
        if scope not in line.caller.scopes:
            raise Problem("scope-missing", f"the key {line.caller.name!r} lacks the scope {scope!r}")
        return line.caller

    def _line(self, key: str) -> KeyLine | None:
        """Return the key's line. Hashes are compared, all of them, each in constant time."""
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        found = None
        for line in self._lines or ():
            if hmac.compare_digest(line.digest, digest):
                found = line
        return found

    def _renew(self) -> None:
        if self._path is None or time.monotonic() - self._looked < SECONDS:
            return
        self._looked = time.monotonic()
        try:
            if (stamp := _stamp(self._path)) != self._stamp:
                self._lines, self._stamp = self._read(), stamp
                _log.info("read the API keys again")
        except (OSError, ValueError) as error:  # the keys that were read last go on
            _log.error("cannot read the API keys again: %s", error)

    def _read(self) -> list[KeyLine] | None:
        if self._path is None:
            text = os.environ.get(VARIABLE)
            source = VARIABLE
        else:
            text, source = self._path.read_text("utf-8"), str(self._path)
        if text is None:
            return None
        lines = read_key_lines(text, source)
        if not lines:
            raise ValueError(f"{source} holds no key; expected lines such as 'fashionsdk keys' prints")
        return lines


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
