"""Sends the files of the page as they are."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FOLDER = Path(__file__).parent / "page"
START = "index.html"
# Not the machine's own table of types, in which a JavaScript module may be plain text.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class _File:
    """A file's bytes, and the headers that it is sent with."""

    content: bytes
    headers: dict[str, str]


class Page:
    """An ASGI application that sends the files of a folder, which it reads once.

    A browser keeps them and asks each time whether they are still the same: by their digest, since files of two
    versions may have the same size and the same time.

    Args:
        folder: whose files are sent, also those of its folders; files of other types than ``TYPES`` are not.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        paths = [path for path in folder.rglob("*") if path.suffix in TYPES and path.is_file()]
        self._files = {path.relative_to(folder).as_posix(): _read(path) for path in paths}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            HTTPException: there is no such file, or the method is neither GET nor HEAD.
        """
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/")
        file = self._files.get(path or START)
        if file is None:
            raise HTTPException(404)
        await _response(file, Headers(scope=scope).get("if-none-match", ""))(scope, receive, send)


def _read(path: Path) -> _File:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:32]
    return _File(content, {"Content-Type": TYPES[path.suffix], "ETag": f'"{digest}"', "Cache-Control": "no-cache"})


def _response(file: _File, known: str) -> Response:
    """Return the file, or that it has not changed; ``known`` are the tags of versions that the browser has."""
    tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
    if file.headers["ETag"] in tags or "*" in tags:
        return Response(status_code=304, headers=file.headers)
    return Response(file.content, headers=file.headers)
