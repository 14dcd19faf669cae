"""Servers for the tests, each on a free port of the loopback or on a Unix socket, in a thread of its own."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from fashionsdk.service._connections import PatientConnection

SECONDS = 120
TERMINATED = 128 + signal.SIGTERM  # the exit code of a command that is told to end


@contextmanager
def serving(app: Any, *, unix: Path | None = None, **options: Any) -> Iterator[str]:
    """Serve an ASGI application within the block; yields its address."""
    if unix is None:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # as `run` does
        listening.bind(("127.0.0.1", 0))
    else:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(unix))
    config = uvicorn.Config(app, http=PatientConnection, ws="none", log_config=None, proxy_headers=False, **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        until = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive(), "the server does not start"
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.01)
        scheme = "https" if "ssl_certfile" in options else "http"
        yield f"unix:{unix}" if unix is not None else f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        listening.close()


@dataclass(frozen=True)
class Said:
    """What a server without a model answers: a status, headers and a body; status 0 ends the connection instead."""

    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Scripted:
    """A server that answers as it is told, one request after the other; the last answer goes on.

    Attributes:
        address: where it listens.
        requests: method, path, headers and body of each request that came.
    """

    address: str
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def scripted(answers: Sequence[Said]) -> Iterator[Scripted]:
    """Run a server that answers so within the block."""
    seen = Scripted("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            seen.requests.append((self.command, self.path, headers, body))
            said = answers[min(len(seen.requests), len(answers)) - 1]
            if not said.status:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    seen.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()


def below(prefix: str, app: Any) -> Callable[..., Any]:
    """Return an application that serves another below a path, as a proxy does that cuts it off."""

    async def forwarding(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            assert scope["path"].startswith(f"{prefix}/"), scope["path"]
            scope = {**scope, "path": scope["path"].removeprefix(prefix)}
            scope["raw_path"] = scope["raw_path"].removeprefix(prefix.encode())
        await app(scope, receive, send)

    return forwarding


@contextmanager
def commanded(arguments: Sequence[str]) -> Iterator[str]:
    """Run ``fashionsdk serve`` on a free port within the block; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-m", "fashionsdk", "serve", *arguments, "--port", str(port)]) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_until_ready(address, process)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) in (0, TERMINATED)  # 0 with several workers


def wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, "the service has ended"
        try:
            if httpx.get(f"{address}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the service does not get ready")
