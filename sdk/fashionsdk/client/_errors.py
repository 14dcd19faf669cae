"""What a service answers in place of an answer, by what its caller would do about it.

ServiceError
├── AccessError          401, 403: the key is missing, wrong or lacks a scope
├── NotFoundError        404: no such item, picture or address
├── ConflictError        409: the gallery does not allow it, such as a key that is stored already
├── InvalidRequestError  400, 413, 415, 421, 422: the request is not what is expected, or a photo cannot be read
└── UnavailableError     408, 429, 502, 503, 504, or no answer at all: later it may work
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fashionsdk.errors import ServiceError

if TYPE_CHECKING:
    import httpx

PREFIX = "urn:fashionsdk:problem:"
LONGEST = 2000  # characters of an answer that may stand in an error


class AccessError(ServiceError):
    """The API key is missing, unknown or expired, or does not allow this."""


class NotFoundError(ServiceError):
    """There is no such item, picture or address."""


class ConflictError(ServiceError):
    """The gallery does not allow this: a key is stored already, or the gallery is read only."""


class InvalidRequestError(ServiceError):
    """The request is not what the service expects; ``kind`` is ``"photo"`` where a photo cannot be read."""


class UnavailableError(ServiceError):
    """The service is busy, takes too long or cannot be reached; later it may answer. ``status`` is 0 without answer."""


_KINDS: dict[int, type[ServiceError]] = {
    401: AccessError,
    403: AccessError,
    404: NotFoundError,
    409: ConflictError,
    **dict.fromkeys((400, 413, 415, 421, 422), InvalidRequestError),
    **dict.fromkeys((408, 429, 502, 503, 504), UnavailableError),
}


def answered_error(response: "httpx.Response", request_id: str) -> ServiceError:
    """Return the error that an answer is, whoever made it: the service, or a proxy before it."""
    said = _problem(response)
    kind = str(said.get("type", "")).removeprefix(PREFIX) or "unknown"
    detail = _detail(said) or _phrase(response)
    error = _KINDS.get(response.status_code, ServiceError)
    return error(response.status_code, kind, detail[:LONGEST], str(said.get("request_id", request_id)))


def unanswered_error(error: "httpx.RequestError", address: str, request_id: str) -> UnavailableError:
    """Return the error of a request that got no answer."""
    words = str(error) or type(error).__name__
    return UnavailableError(0, "unreachable", f"no answer from {address}: {words}", request_id)


def _problem(response: "httpx.Response") -> dict[str, Any]:
    try:
        said = response.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _detail(said: dict[str, Any]) -> str:
    """Return the problem's detail and, of each field that is wrong, what is."""
    fields = said.get("errors")
    objects = [each for each in fields if isinstance(each, dict)] if isinstance(fields, list) else []
    parts = [f"{each.get('field')}: {each.get('message')}" for each in objects]
    head = said.get("detail") or said.get("title") or ""
    return ": ".join(part for part in (str(head), ", ".join(parts)) if part)


def _phrase(response: "httpx.Response") -> str:
    phrase = HTTPStatus(response.status_code).phrase if response.status_code in _STATUSES else "no status of HTTP"
    if location := response.headers.get("location"):
        return f"{phrase}: it leads to {location[:200]}; give this address instead"
    return f"{phrase}, not an answer of this service; is the address right?"


_STATUSES = frozenset(status.value for status in HTTPStatus)
