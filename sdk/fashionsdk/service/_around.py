"""What surrounds every request: its number, the checks of host and origin, security headers, log and metrics."""

import time
from contextlib import nullcontext
from functools import partial
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fashionsdk.service._problems import Problem
from fashionsdk.service._service import STAGES, Service
from fashionsdk.service._settings import Settings
from fashionsdk.service.guards import check_host, check_length, check_origin
from fashionsdk.service.watching import RequestLog

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
TLS_HEADER = "max-age=31536000"
UNMATCHED = "unmatched"  # the route of a path that is none
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})  # others are counted as one
OPEN_TO_ALL_HOSTS = frozenset({"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"})  # probes call by address


class Around:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings, self._log = app, settings, RequestLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, partial(_send_short, send))
            return
        headers = Headers(scope=scope)
        service = _service(scope)
        with nullcontext() if service is None else service.traces.request(headers):
            await self._answered(scope, receive, _Answer(send, self._log.request_id(headers), tls=self._settings.tls))

    async def _answered(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"], state["caller"] = answer.request_id, "-"
        try:
            try:
                self._check(Headers(scope=scope), scope)
            except Problem as problem:
                await problem.response(answer.request_id, scope["path"])(scope, receive, answer.send)
                return
            await self._app(scope, receive, answer.send)
        except Exception:
            self._log.failed(answer.request_id)
            if not answer.status:
                failed = Problem("internal", "the service's log has more under this request_id")
                await failed.response(answer.request_id, scope["path"])(scope, receive, answer.send)
        finally:
            self._record(scope, state["caller"], answer)

    def _check(self, headers: Headers, scope: Scope) -> None:
        check_length(headers)
        if scope["path"] not in OPEN_TO_ALL_HOSTS:
            check_host(headers, self._settings.hosts)
        check_origin(headers, scope["method"])
        if (service := _service(scope)) is not None:
            service.check_room(headers)

    def _record(self, scope: Scope, caller: str, answer: "_Answer") -> None:
        route = getattr(scope.get("route"), "path", None) or UNMATCHED
        seconds = time.monotonic() - answer.began
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        if (service := _service(scope)) is not None:
            service.metrics.answered(route, method, answer.status, seconds)
            service.traces.answered(method, route, answer.status, answer.request_id)
        self._log.answered(answer.request_id, method, route, answer.status, seconds, caller)


def _service(scope: Scope) -> Service | None:
    """Return the service, once the application has started."""
    return getattr(scope["app"].state, "service", None) if "app" in scope else None


async def _send_short(send: Send, message: Message) -> None:
    """Send a message of the server's start on; of a fault that says what to do, without the way to it."""
    last = str(message.get("message", "")).strip().rpartition("\n")[2]
    kind, _, words = last.partition(": ")
    known = kind.startswith("fashionsdk.errors.") or kind in ("ValueError", "FileNotFoundError", "PermissionError")
    await send({**message, "message": words} if known else message)


class _Answer:
    """Sends an answer on, and keeps its status."""

    def __init__(self, send: Send, request_id: str, *, tls: bool) -> None:
        self._send, self.request_id, self._tls = send, request_id, tls
        self.began, self.status = time.monotonic(), 0
        self._stages = list[tuple[str, float]]()
        STAGES.set(self._stages)

    async def send(self, message: Message) -> None:
        """Add the headers of every answer to its start."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            headers["X-Request-Id"] = self.request_id
            if self._stages:
                headers["Server-Timing"] = ", ".join(f"{name};dur={1000 * s:.1f}" for name, s in self._stages)
            if self._tls:
                headers["Strict-Transport-Security"] = TLS_HEADER
        await self._send(message)
