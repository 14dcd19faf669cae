"""The address of a gallery in Milvus: where the server is, the gallery's name, and parameters of ours."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

DEFAULT_PORT = 19530
MOST_SHARDS = 16  # of a collection, as servers are set up
EXPECTED = "expected milvus://[USER:PASSWORD@]HOST[:PORT]/NAME, such as milvus://db:19530/shop"
# Milvus knows no other characters, and names of ours are longer than the gallery's.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_CHOICES = {"search": ("exact", "hnsw"), "tls": ("false", "true")}
_KNOWN = ("database", "search", "tls", "shards", "replicas")


@dataclass(frozen=True)
class Location:
    """Where a gallery is.

    Attributes:
        host: the server's name, and its port.
        gallery: its name; its collections' names begin with it.
        token: who asks, as ``USER:PASSWORD`` or an API key; ``""`` for nobody.
        database: of the server; ``""`` for its default.
        secure: whether to connect with TLS.
        approximate: whether the gallery has an HNSW index, from which searches take their candidates.
        shards: into how many a gallery that is made spreads its writes.
        replicas: how many copies of a gallery that is made are held in memory.
    """

    host: str
    gallery: str
    token: str = ""
    database: str = ""
    secure: bool = False
    approximate: bool = False
    shards: int = 1
    replicas: int = 1

    @classmethod
    def parse(cls, address: str) -> "Location":
        """Read an address such as ``milvus://shop:PASSWORD@db:19530/summer?database=fashion&search=hnsw``.

        Raises:
            ValueError: a part is missing, or has another value.
        """
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port or DEFAULT_PORT
        except ValueError as error:  # without its text: it may hold the password
            raise ValueError(f"the address of a gallery in Milvus has no valid host or port; {EXPECTED}") from error
        name = unquote(parts.path).strip("/")
        if not host:
            raise ValueError(f"the address of a gallery in Milvus names no host; {EXPECTED}")
        if not _NAME.fullmatch(name):
            raise ValueError(f"gallery is {name!r:.80}; expected letters, digits and _, as in milvus://{host}/shop")
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        return cls(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            name,
            _token(parts.username, parts.password),
            **_parameters(given),  # type: ignore[arg-type]
        )

    @property
    def uri(self) -> str:
        """What pymilvus connects to; it holds no password."""
        return f"{'https' if self.secure else 'http'}://{self.host}"

    def __str__(self) -> str:
        """Return the address without its password."""
        user = self.token.partition(":")[0] + ":***@" if ":" in self.token else "***@" if self.token else ""
        given = {"database": self.database, "search": "hnsw" if self.approximate else ""}
        query = "&".join(f"{name}={value}" for name, value in given.items() if value)
        return f"milvus://{user}{self.host}/{self.gallery}" + (f"?{query}" if query else "")


def _token(user: str | None, password: str | None) -> str:
    names = [unquote(part) for part in (user, password) if part]
    return ":".join(names)


def _parameters(given: dict[str, str]) -> dict[str, object]:
    for name, value in given.items():
        if name not in _KNOWN:
            raise ValueError(f"the address has the parameter {name!r:.40}; expected one of {', '.join(_KNOWN)}")
        if value not in _CHOICES.get(name, (value,)):
            raise ValueError(f"{name} is {value!r:.80}; expected {' or '.join(_CHOICES[name])}")
    return {
        "database": given.get("database", ""),
        "secure": given.get("tls") == "true",
        "approximate": given.get("search") == "hnsw",
        "shards": _count(given, "shards", MOST_SHARDS),
        "replicas": _count(given, "replicas", MOST_SHARDS),
    }


def _count(given: dict[str, str], name: str, most: int) -> int:
    value = given.get(name, "1")
    if not re.fullmatch(r"[0-9]{1,3}", value) or not 1 <= int(value) <= most:
        raise ValueError(f"{name} is {value!r:.80}; expected a number from 1 to {most}")
    return int(value)
