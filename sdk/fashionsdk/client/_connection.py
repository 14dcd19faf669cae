"""Where a service is and how it is called, checked once; both clients share it."""

import os
import re
import ssl
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fashionsdk._tools.whole_number import whole_number
from fashionsdk.errors import FashionSDKError

if TYPE_CHECKING:
    import httpx

VARIABLE = "FASHIONSDK_API_KEY"
UNIX = "unix:"
SECONDS = 10.0  # as long as a service waits by default
RETRIES = 3
UPLOAD_BYTES = 16_000_000  # a service takes 20 MB by default

_KEY = re.compile(r"[!-~]{1,1000}")


@dataclass(frozen=True)
class Connection:
    """Where a service is, and how it is called.

    Attributes:
        address: as it was given.
        api_key: as it was given, or ``None`` for that of the environment.
        timeout: seconds for each call.
        retries: how often a call is sent again.
        upload_bytes: of the photos of one request.
        authorities: file of the certificates to trust in place of the well-known ones.

    Raises:
        TypeError: a part is of another type.
        ValueError: the address is none, or a part is out of its range.
    """

    address: str
    api_key: str | None = field(default=None, repr=False)
    timeout: float = SECONDS
    retries: int = RETRIES
    upload_bytes: int = UPLOAD_BYTES
    authorities: str | Path | None = None

    def __post_init__(self) -> None:
        """Check the parts; the key is not shown in any error."""
        _check_address(self.address)
        key = self.key
        if key is not None and not (isinstance(key, str) and _KEY.fullmatch(key)):
            raise ValueError(
                "the API key has other characters than a header may have; expected one of 'fashionsdk keys'"
            )
        check_timeout(self.timeout)
        whole_number(self.retries, "retries", least=0)
        whole_number(self.upload_bytes, "upload_bytes")

    def __str__(self) -> str:
        return f"{self.address!r}, {'without' if self.key is None else 'with'} an API key"

    @property
    def key(self) -> str | None:
        """The API key."""
        return self.api_key if self.api_key is not None else os.environ.get(VARIABLE) or None

    def client(self) -> "httpx.Client":
        """Return an HTTP client.

        Raises:
            FashionSDKError: HTTPX is not installed.
            OSError: the certificates cannot be read.
        """
        check_httpx()
        import httpx

        transport = httpx.HTTPTransport(uds=self._socket) if self._socket else None
        return httpx.Client(transport=transport, **self._arguments())

    def async_client(self) -> "httpx.AsyncClient":
        """Return an HTTP client for an event loop; raises as `client`."""
        check_httpx()
        import httpx

        transport = httpx.AsyncHTTPTransport(uds=self._socket) if self._socket else None
        return httpx.AsyncClient(transport=transport, **self._arguments())

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of a client in another process, but the address and the key.

        Raises:
            TypeError: the key was an argument, so that the other process could not find it.
        """
        if self.api_key is not None:
            raise TypeError(
                "this client has an API key, which a pickle would show; leave api_key out and set the variable "
                f"{VARIABLE}, which each process reads for itself"
            )
        left_out = ("address", "api_key")
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in left_out}

    @property
    def _socket(self) -> str:
        return self.address.removeprefix(UNIX) if self.address.startswith(UNIX) else ""

    def _arguments(self) -> dict[str, Any]:
        headers = {"Accept": "*/*", "User-Agent": "fashionsdk"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        verify: Any = True if self.authorities is None else ssl.create_default_context(cafile=self.authorities)
        return {
            "base_url": "http://localhost" if self._socket else self.address,
            "headers": headers,
            "verify": verify,
        }


def check_timeout(timeout: object) -> None:
    """Check the seconds of a call.

    Raises:
        TypeError: these are none.
        ValueError: they are not above 0.
    """
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise TypeError(f"timeout is {type(timeout).__name__}; expected seconds")
    if not 0 < timeout < float("inf"):
        raise ValueError(f"timeout is {timeout}; expected seconds above 0")


def _check_address(address: object) -> None:
    expected = "expected one such as https://shop.example or unix:/run/fashionsdk.sock"
    if not isinstance(address, str):
        raise TypeError(f"the address is {type(address).__name__}; {expected}")
    if address.startswith(UNIX) and len(address) > len(UNIX):
        return
    parts = urlsplit(address)
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"the address has a user in it, which a service does not ask for; {expected}, and api_key")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"the address is {address[:200]!r}; {expected}")


def check_httpx() -> None:
    """Check that HTTPX is there, which only clients need.

    Raises:
        FashionSDKError: it is not.
    """
    try:
        import httpx  # noqa: F401
    except ImportError as error:
        raise FashionSDKError(
            f'clients need HTTPX, which cannot be loaded ({error}); run pip install "fashionsdk[client]"'
        ) from error
