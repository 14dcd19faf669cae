"""Runs the application: on one socket, in one process or several, until it is told to end; then it drains."""

import logging
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from fashionsdk.errors import FashionSDKError
from fashionsdk.service._app import create_app
from fashionsdk.service._connections import PatientConnection
from fashionsdk.service._settings import LOOPBACK, Settings
from fashionsdk.service.watching import SHARED_FOLDER, LogFormat, start_log

DRAIN_SECONDS = 30  # that requests may take to end when the service is told to
BACKLOG = 512  # connections that wait to be accepted
MOST_CONNECTIONS = 2000
IDLE_SECONDS = 30  # that a connection may stay open between two requests
START_SECONDS = 30  # that a worker may take to open the bundle and the gallery, or to say that it lives
PARENT_SECONDS = 1.0  # between two looks whether a worker's parent lives

_log = logging.getLogger("fashionsdk.service")


@dataclass(frozen=True)
class Listening:
    """Where a service listens.

    Attributes:
        host, port: the address; port 0 for any that is free.
        socket: path of a Unix socket, in place of an address.
        workers: processes.
        certificate, private_key: files for TLS.
        log: form of the log's lines.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    socket: Path | None = None
    workers: int = 1
    certificate: Path | None = None
    private_key: Path | None = None
    log: LogFormat = "text"

    @property
    def beyond(self) -> bool:
        """Whether other machines can reach it."""
        return self.socket is None and self.host not in LOOPBACK

    def shown(self, port: int) -> str:
        """Return where it listens, for people: an address of the page, or the socket's path."""
        if self.socket is not None:
            return str(self.socket)
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self.certificate is None else 'https'}://{host}:{port}/"


def run(settings: Settings, listening: Listening) -> None:
    """Serve until SIGTERM or SIGINT, then answer what has begun. SIGHUP reads the bundle again.

    Raises:
        OSError: the address or socket cannot be used.
        FashionSDKError: the service did not start; its log says why.
    """
    start_log(listening.log)
    bound = _bound(listening)
    port = bound.getsockname()[1] if listening.socket is None else 0
    _log.info("listening at %s", listening.shown(port))
    try:
        _serve(settings, listening, bound)
    except SystemExit as error:  # the server's
        raise FashionSDKError("the service did not start; the lines above say why") from error
    finally:
        bound.close()
        if listening.socket is not None:
            listening.socket.unlink(missing_ok=True)


def _serve(settings: Settings, listening: Listening, bound: socket.socket) -> None:
    if listening.workers == 1:
        uvicorn.Server(_config(settings, listening)).run(sockets=[bound])
        return
    with tempfile.TemporaryDirectory(prefix="fashionsdk-") as folder:
        os.environ[SHARED_FOLDER] = folder
        shared = replace(settings, answers=settings.answers or Path(folder) / "answers.sqlite")
        workers = Multiprocess(_config(shared, listening), [bound])
        workers.run()
    if any(worker.exitcode == STARTUP_FAILURE for worker in workers.processes):
        sys.exit(STARTUP_FAILURE)


def _config(settings: Settings, listening: Listening) -> uvicorn.Config:
    return uvicorn.Config(
        partial(_app_of_worker, settings, listening.log, os.getpid()),
        factory=True,
        http=PatientConnection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # what a proxy says of an address is not believed
        workers=listening.workers,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_worker_healthcheck=START_SECONDS,
        limit_concurrency=MOST_CONNECTIONS,
        ssl_certfile=listening.certificate,
        ssl_keyfile=None if listening.private_key is None else str(listening.private_key),
    )


def _app_of_worker(settings: Settings, log: LogFormat, parent: int) -> FastAPI:
    """Return the application of a worker, which is a process of its own where there are several."""
    start_log(log)
    if os.getpid() != parent:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    return create_app(settings)


def _end_with(parent: int) -> None:
    """End this process soon after its parent, which may be killed: nobody else would end it, and it has the port."""
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _bound(listening: Listening) -> socket.socket:
    """Return a socket that listens, for its owner alone if it is a Unix socket."""
    if listening.socket is not None:
        _remove_left_over(listening.socket)
        bound = socket.socket(socket.AF_UNIX)
        old = os.umask(0o177)
        try:
            bound.bind(str(listening.socket))
        finally:
            os.umask(old)
    else:
        family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
        # Only of sockets that name TCP does asyncio switch delays off, which cost 40 ms an answer.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((listening.host, listening.port))
    bound.listen(BACKLOG)
    bound.set_inheritable(True)
    return bound


def _remove_left_over(path: Path) -> None:
    """Remove the socket of a service that was killed; one that is in use stays, and so does what is no socket."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as trial:
        try:
            trial.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
