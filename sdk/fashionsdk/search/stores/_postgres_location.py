"""The address of a gallery in PostgreSQL: a connection URI, and two parameters of ours."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

GALLERY, SEARCH = "gallery", "search"  # our parameters
DEFAULT_GALLERY = "fashionsdk"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Location:
    """Where a gallery is.

    Attributes:
        conninfo: what libpq connects with; it may hold a password.
        gallery: the schema that holds the tables.
        approximate: whether searches by one attribute use an HNSW index.
    """

    conninfo: str
    gallery: str = DEFAULT_GALLERY
    approximate: bool = False

    @classmethod
    def parse(cls, address: str) -> "Location":
        """Read an address such as ``postgresql://shop@db/catalogue?gallery=summer&search=hnsw``.

        Raises:
            ValueError: one of our parameters has another value.
        """
        parts = urlsplit(address)
        given = parse_qsl(parts.query, keep_blank_values=True)
        ours = dict(pair for pair in given if pair[0] in (GALLERY, SEARCH))
        rest = urlencode([pair for pair in given if pair[0] not in ours])
        gallery, search = ours.get(GALLERY, DEFAULT_GALLERY), ours.get(SEARCH, "exact")
        if not _NAME.fullmatch(gallery):
            raise ValueError(
                f"gallery is {gallery!r:.80}; expected a schema's name: small letters, digits and _, such as summer"
            )
        if search not in ("exact", "hnsw"):
            raise ValueError(f"search is {search!r:.80}; expected exact or hnsw")
        return cls(urlunsplit(parts._replace(query=rest)), gallery, search == "hnsw")

    def __str__(self) -> str:
        """Return the address without its password."""
        parts = urlsplit(self.conninfo)
        netloc = parts.netloc
        if parts.password is not None:
            user, _, host = netloc.rpartition("@")
            netloc = f"{user.partition(':')[0]}:***@{host}"
        given = [(name, "***" if name == "password" else value) for name, value in parse_qsl(parts.query)]
        query = urlencode([*given, (GALLERY, self.gallery)], safe="*/")
        return urlunsplit(parts._replace(netloc=netloc, query=query))
