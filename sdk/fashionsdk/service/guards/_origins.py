"""Keeps other people's web pages from reaching the service by a visitor's browser, and requests from holding others."""

from collections.abc import Collection

from starlette.datastructures import Headers

from fashionsdk.service._problems import Problem

ANY = "*"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def check_host(headers: Headers, names: Collection[str]) -> None:
    """Check the name that a request calls the service by: a page whose name leads here would have its own.

    Raises:
        Problem: it is another than ``names``, or there are two.
    """
    if len(headers.getlist("host")) > 1:
        raise Problem("bad-request", "there are several Hosts; expected one", {"Connection": "close"})
    name = host_name(headers.get("host", ""))
    if ANY not in names and name not in names:
        raise Problem("host", f"the Host is {name[:100]!r}; start the service with --allow-host to add a name")


def check_origin(headers: Headers, method: str) -> None:
    """Check that a request which may change something does not come from a page of another site.

    Raises:
        Problem: it does.
    """
    if method in SAFE:
        return
    origin, host = headers.get("origin"), headers.get("host", "")
    site = headers.get("sec-fetch-site", "none")
    if site not in ("none", "same-origin") or (origin is not None and origin.partition("://")[2] != host):
        raise Problem("origin", "pages of other sites may not use this service; expected its own page, or a program")


def check_length(headers: Headers) -> None:
    """Check that a body's length is said in one way: a proxy that believes the other would see another request in it.

    Raises:
        Problem: it is said in two.
    """
    if "content-length" in headers and "transfer-encoding" in headers:
        said = "Content-Length and Transfer-Encoding contradict each other; expected one of them"
        raise Problem("bad-request", said, {"Connection": "close"})


def host_name(host: str) -> str:
    """Return a ``Host`` without its port and the brackets of an IPv6 address, in small letters."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.rpartition(":")[0].lower() if ":" in host else host.lower()
