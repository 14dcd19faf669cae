"""API keys: 256 random bits that only their owner knows, and lines that say what each of them allows."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias, get_args

Scope: TypeAlias = Literal["read", "write", "admin"]
SCOPES = get_args(Scope)
PREFIX = "fsk_"  # so that scanners for leaked secrets find one

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        name: of the key.
        scopes: what the key allows. Whoever may write may read, and an admin may both.
    """

    name: str
    scopes: frozenset[str]


ANYONE = Caller("anyone", frozenset(SCOPES))


@dataclass(frozen=True)
class KeyLine:
    """A key as a service keeps it: who has it, what it allows, its SHA-256, and until when it is valid."""

    caller: Caller
    digest: bytes
    expires: datetime | None

    def valid(self, now: datetime) -> bool:
        """Tell whether the key has not expired."""
        return self.expires is None or now < self.expires


def new_key() -> str:
    """Return a new key. A fast hash of it is safe to keep, since nobody can guess 256 random bits."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(key: str) -> str:
    """Return what a file of keys holds of one."""
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def read_key_lines(text: str, source: str) -> list[KeyLine]:
    """Read lines such as ``shop read,write sha256:9f86... 2027-01-31``; blank ones and those after ``#`` are left out.

    Args:
        text: the lines; a semicolon ends one as well.
        source: where they come from, for the message of an error.

    Raises:
        ValueError: a line is none, or two have the same name.
    """
    keys = [
        _key_line(line.strip(), f"{source}, line {n}")
        for n, whole in enumerate(text.splitlines(), 1)
        if whole.strip()[:1] != "#"
        for line in whole.split(";")
        if line.strip()
    ]
    names = [key.caller.name for key in keys]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{source} has two keys named {repeated[0]!r}; expected a name of its own for each")
    return keys


def _key_line(line: str, where: str) -> KeyLine:
    expected = "expected NAME SCOPES sha256:HASH [DATE], such as 'fashionsdk keys' prints"
    name, scopes, digest, *rest = [*line.split(), "", "", ""][:4]
    if len(line.split()) not in (3, 4) or not _NAME.fullmatch(name) or not _HASH.fullmatch(digest):
        raise ValueError(f"{where} is no key; {expected}")  # never the line: it may hold a key by mistake
    return KeyLine(Caller(name, _with_implied(scopes, where)), bytes.fromhex(digest[7:]), _date(rest[0], where))


def _with_implied(text: str, where: str) -> frozenset[str]:
    scopes = text.split(",")
    if not set(scopes) <= set(SCOPES):
        raise ValueError(f"{where} has the scopes {text!r}; expected some of {', '.join(SCOPES)}")
    return frozenset(SCOPES[: max(SCOPES.index(scope) for scope in scopes) + 1])


def _date(text: str, where: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{where} has the date {text!r}; expected one such as 2027-01-31") from None
