"""``fashionsdk serve`` as it is typed: starting, ending, being killed, and taking a new bundle."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from fashionsdk import Matcher
from fashionsdk.cli import main
from tests.sdk.service.conftest import COUNT, photo_name

SECONDS = 60
pytestmark = pytest.mark.slow


class Running:
    """The command on a free port, with its log."""

    def __init__(self, bundle: Path, gallery: str, log: Path, *more: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = log
        command = [sys.executable, "-m", "fashionsdk", "serve", str(bundle), "--gallery", gallery]
        with log.open("ab") as stream:
            whole = [*command, "--port", str(self.port), "--no-pictures", *more]
            self.process = subprocess.Popen(whole, stdout=stream, stderr=stream, start_new_session=True)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=SECONDS)
        end = time.monotonic() + SECONDS
        while not self.answers():
            assert self.process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return self.client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def end(self, number: int = signal.SIGTERM) -> int:
        self.client.close()
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(SECONDS)


@pytest.fixture
def serve(telling, gallery, tmp_path):
    """Start services; whatever still runs is killed with the test."""
    started: list[Running] = []

    def serve(*more: str, bundle: Path = telling, address: str = gallery) -> Running:
        started.append(Running(bundle, address, tmp_path / "log", *more))
        return started[-1]

    yield serve
    for running in started:
        running.end(signal.SIGKILL)


def add(client: httpx.Client, key: str, photo: bytes) -> None:
    client.put(f"/v1/items/{key}", files={"photo": photo}).raise_for_status()


def test_what_was_acknowledged_is_there_after_a_kill(serve, gallery, photo):
    acknowledged: list[str] = []
    for round_ in range(2):
        running = serve()

        def write(running: Running = running, round_: int = round_) -> None:
            for number in range(10_000):
                try:
                    add(running.client, f"{round_}-{number}", photo)
                except httpx.HTTPError:
                    return
                acknowledged.append(f"{round_}-{number}")

        writer = threading.Thread(target=write)
        writer.start()
        while len(acknowledged) < 5 * (round_ + 1):
            time.sleep(0.01)
        os.killpg(running.process.pid, signal.SIGKILL)
        writer.join(SECONDS)
        running.end(signal.SIGKILL)
    with Matcher.open(gallery, read_only=True) as matcher:
        assert matcher.known(acknowledged) == set(acknowledged)
        assert len(matcher) - COUNT - len(acknowledged) in (0, 1, 2)  # the writes that were under way


def test_told_to_end_it_answers_what_has_begun(serve, photo):
    running = serve()
    statuses: list[int | str] = []

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{running.port}", timeout=SECONDS) as client:
            for _ in range(50):
                try:
                    statuses.append(client.post("/v1/embed", files={"photo": photo}).status_code)
                except httpx.ConnectError:
                    return  # it listens no more
                except httpx.HTTPError as error:
                    statuses.append(repr(error))
                    return

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    while len(statuses) < 8:
        time.sleep(0.01)
    assert running.end() == 128 + signal.SIGTERM
    for caller in callers:
        caller.join(SECONDS)
    assert set(statuses) == {200}


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_new_bundle_takes_over_without_a_lost_request(serve, telling, tmp_path, photo, workers):
    bundle = tmp_path / "bundle"
    shutil.copytree(telling, bundle)
    running = serve("--workers", str(workers), bundle=bundle)
    statuses: list[int | str] = []
    done = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{running.port}", timeout=SECONDS) as client:
            while not done.is_set():
                try:
                    statuses.append(client.post("/v1/embed", files={"photo": photo}).status_code)
                except httpx.HTTPError as error:
                    statuses.append(repr(error))

    callers = [threading.Thread(target=ask) for _ in range(3)]
    for caller in callers:
        caller.start()
    while len(statuses) < 5:
        time.sleep(0.01)
    os.kill(running.process.pid, signal.SIGHUP)
    end = time.monotonic() + SECONDS
    while running.log.read_text().count("serving model") < 2 * workers:
        assert time.monotonic() < end, running.log.read_text()
        time.sleep(0.05)
    after = len(statuses) + 5
    while len(statuses) < after:
        time.sleep(0.01)
    done.set()
    for caller in callers:
        caller.join(SECONDS)
    assert set(statuses) == {200}


def test_a_bundle_that_does_not_fit_is_refused_and_the_old_one_goes_on(serve, telling, tmp_path, photo):
    bundle = tmp_path / "bundle"
    shutil.copytree(telling, bundle)
    running = serve(bundle=bundle)
    before = running.client.post("/v1/embed", files={"photo": photo}).json()
    (bundle / "manifest.json").write_text("{}")
    assert running.client.post("/v1/reload").status_code == 409
    assert running.client.post("/v1/embed", files={"photo": photo}).json() == before
    assert "so the old one goes on" in running.log.read_text()


def test_a_head_that_never_ends_holds_a_connection_for_some_seconds_only(telling, gallery, tmp_path, monkeypatch):
    program = (
        "import sys; from fashionsdk.service import _connections; _connections.HEAD_SECONDS = 1.0;"
        "from fashionsdk.cli import main; sys.exit(main())"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", program, "serve", str(telling), "--gallery", gallery, "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        end = time.monotonic() + SECONDS
        while True:
            try:
                slow = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                assert time.monotonic() < end, (tmp_path / "log").read_text()
                time.sleep(0.1)
        slow.settimeout(SECONDS)
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        begin = time.monotonic()
        assert slow.recv(100) == b""  # closed
        assert time.monotonic() - begin < 30
        slow.close()
    finally:
        process.terminate()
        process.wait(SECONDS)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nContent-Length: 30\r\n",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Content-Length: +2\r\n",
        b"Content-Length : 2\r\n",
        b"Transfer-Encoding: xchunked\r\n",
    ],
)
def test_no_request_is_smuggled_behind_another(serve, head):
    running = serve()
    hidden = b"DELETE /v1/items/" + photo_name(0).encode() + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=SECONDS) as raw:
        raw.sendall(b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n{}" + hidden)
        raw.shutdown(socket.SHUT_WR)
        got = b""
        while part := raw.recv(10_000):
            got += part
    assert b"HTTP/1.1 4" in got
    assert running.client.get(f"/v1/items/{photo_name(0)}").status_code == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "0.0.0.0"], "there are no API keys"),
        (["--host", "::"], "there are no API keys"),
        (["--host", "0.0.0.0", "--keys", "KEYS"], "without TLS"),
        (["--certificate", "x"], "expected both"),
        (["--timeout", "0"], "expected a number above 0"),
        (["--rate", "-1"], "expected requests a second"),
    ],
)
def test_it_does_not_start_unsafely(telling, gallery, options, message, capsys, monkeypatch):
    monkeypatch.delenv("FASHIONSDK_KEYS", raising=False)
    assert main(["serve", str(telling), "--gallery", gallery, *options]) == 2
    assert message in capsys.readouterr().err


def test_a_gallery_of_another_model_is_not_served(bundle, telling, gallery, tmp_path, capfd):
    with Matcher.open(gallery, read_only=True) as matcher:
        other = tmp_path / "other.gallery"
        Matcher.empty(matcher.attributes, matcher.dimension, "0" * 64).save(other)
    assert main(["serve", str(telling), "--gallery", str(other), "--port", "0"]) == 1
    assert "did not start" in capfd.readouterr().err


def test_a_key_is_shown_once_and_its_line_has_no_key(capsys):
    assert main(["keys", "--name", "shop", "--scopes", "read,write", "--expires", "2999-01-01"]) == 0
    got = capsys.readouterr()
    name, scopes, digest, date = got.out.split()
    assert (name, scopes, date) == ("shop", "read,write", "2999-01-01")
    key = got.err.split()[-1]
    assert key.startswith("fsk_")
    assert key not in got.out
    from fashionsdk.service import hashed

    assert digest == hashed(key)
    assert main(["keys", "--name", "no name"]) == 2
