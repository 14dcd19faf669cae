"""What went wrong, as RFC 9457 says it: a JSON object with type, title, status and detail."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from fashionsdk.errors import BackendError, FashionSDKError, GalleryError, ImageError
from fashionsdk.service._json import JSONAnswer

MEDIA_TYPE = "application/problem+json"
PROTOCOL = "/v2"  # below it problems have the form of the Open Inference Protocol
TITLES = {
    "bad-request": (400, "The request cannot be read"),
    "key-missing": (401, "An API key is needed"),
    "key-wrong": (401, "The API key is not valid"),
    "scope-missing": (403, "The API key does not allow this"),
    "origin": (403, "The request comes from another site"),
    "not-found": (404, "There is nothing here"),
    "method": (405, "This cannot be done here"),
    "timeout": (408, "The request took too long to arrive"),
    "conflict": (409, "The gallery does not allow this"),
    "running": (409, "The same request is being answered"),
    "changed": (412, "Somebody else has written since"),
    "too-large": (413, "The request is too large"),
    "media-type": (415, "The content type is not known here"),
    "host": (421, "The service does not answer under this name"),
    "invalid": (422, "The request does not say what is expected"),
    "photo": (422, "The photo cannot be read"),
    "key-reused": (422, "The Idempotency-Key belongs to another request"),
    "unconditional": (428, "It must be said what the write is based on"),
    "busy": (429, "The service is busy"),
    "rate": (429, "Too many requests"),
    "internal": (500, "The service failed"),
    "unavailable": (503, "The service cannot answer now"),
    "deadline": (504, "The answer took too long"),
}

_log = logging.getLogger("fashionsdk.service")


class Problem(Exception):
    """A request that is not answered: which of ``TITLES``, and why, in words for the caller."""

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] | None = None, **more: object) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.headers, self.more = kind, detail, dict(headers or {}), more

    @property
    def status(self) -> int:
        """The HTTP status."""
        return TITLES[self.kind][0]

    @classmethod
    def busy(cls, detail: str, seconds: float) -> "Problem":
        """Return the problem of a service that has too much to do for so many more seconds."""
        return cls("busy", detail, {"Retry-After": str(max(1, round(seconds)))})

    def response(self, request_id: str, path: str) -> JSONAnswer:
        """Return the answer to the caller of a path."""
        status, title = TITLES[self.kind]
        said = {"type": self.kind, "title": title, "status": status, "detail": self.detail, "request_id": request_id}
        return _response(path, said | self.more, self.headers)


def status_problem(status: int, request_id: str, path: str, headers: Mapping[str, str] | None = None) -> JSONAnswer:
    """Return the problem of a status that the framework chose, such as an unknown path."""
    kind = next((kind for kind, (known, _) in TITLES.items() if known == status), "bad-request")
    detail = f"{status} {HTTPStatus(status).phrase}"
    said = {"type": kind, "title": TITLES[kind][1], "status": status, "detail": detail, "request_id": request_id}
    return _response(path, said, headers or {})


def _response(path: str, said: dict[str, Any], headers: Mapping[str, str]) -> JSONAnswer:
    if path == PROTOCOL or path.startswith(f"{PROTOCOL}/"):
        return JSONAnswer({"error": f"{said['title']}: {said['detail']}"}, said["status"], headers=dict(headers))
    content = {**said, "type": f"urn:fashionsdk:problem:{said['type']}"}
    return JSONAnswer(content, said["status"], headers=dict(headers), media_type=MEDIA_TYPE)


@contextmanager
def caller_mistakes() -> Iterator[None]:
    """Turn what the SDK says of arguments, photos and galleries within the block into problems.

    Raises:
        Problem: in place of the SDK's errors.
    """
    try:
        yield
    except ImageError as error:
        raise Problem("photo", error.reason) from error
    except (GalleryError, BackendError) as error:
        raise Problem("unavailable", _said(error)) from error
    except (ValueError, TypeError) as error:
        raise Problem("invalid", str(error)) from error


def _said(error: FashionSDKError) -> str:
    """Log a fault of the service's own files and servers, and return what a caller may know: where they are is not."""
    what = "gallery" if isinstance(error, GalleryError) else "model"
    _log.error("the %s cannot answer: %s", what, error)
    return f"the {what} cannot answer now; the service's log says why"
