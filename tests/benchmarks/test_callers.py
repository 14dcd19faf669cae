"""Callers of a load: what they send, and how they count what comes back, against a server whose answers are known."""

import asyncio
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartParser

from tests.benchmarks.conftest import Load

STATUSES = {b"/busy": b"429 Too Many Requests", b"/broken": b"500 Internal Server Error"}
CONNECTIONS = 4


@pytest.fixture(scope="module")
def callers(load: Load) -> ModuleType:
    return load("servers.callers")


@pytest.fixture(autouse=True)
def clock(callers: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes in the callers' waits alone, so a busy machine does not make a request late."""
    now, pause = 0.0, asyncio.sleep

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        await pause(0)

    monkeypatch.setattr(callers, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(callers.asyncio, "sleep", sleep)


def loaded(callers: ModuleType, paths: list[str], rate: float, seconds: float) -> tuple[Any, list[bytes], int]:
    """Return the outcome of a load, the requests that came, and over how many connections."""
    came, opened = list[bytes](), 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while not reader.at_eof():
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            path, length = head.split(b" ")[1], int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            came.append(head + await reader.readexactly(length))
            closing = b"Connection: close\r\n" if path == b"/close" else b""
            status = STATUSES.get(path, b"200 OK")
            writer.write(b"HTTP/1.1 " + status + b"\r\n" + closing + b"Content-Length: 4\r\n\r\nbo")
            if path == b"/cut":
                break
            writer.write(b"dy")
            if closing:
                break
        writer.close()

    async def run() -> Any:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await callers.load(
                port, [callers.post(path, {}, b"body") for path in paths], rate, seconds, CONNECTIONS
            )

    return asyncio.run(run()), came, opened


def test_as_many_requests_are_sent_as_were_asked_for_each_in_turn(callers: ModuleType):
    outcome, came, opened = loaded(callers, ["/a", "/b"], rate=200, seconds=0.5)
    assert len(outcome.answered) == len(came) == 100
    assert sum(request.startswith(b"POST /a ") for request in came) == 50
    assert opened <= CONNECTIONS  # they stay open
    assert 0.4 < outcome.seconds < 5


def test_answers_are_counted_by_what_they_are(callers: ModuleType):
    outcome, came, _ = loaded(callers, ["/well", "/busy", "/broken", "/cut"], rate=400, seconds=0.1)
    assert (len(outcome.answered), outcome.refused) == (10, 10)
    assert outcome.failed == {"500": 10, "IncompleteReadError": 10}
    assert len(came) == 40


def test_a_closed_connection_is_opened_again_and_counts_as_no_failure(callers: ModuleType):
    outcome, came, opened = loaded(callers, ["/close"], rate=400, seconds=0.1)
    assert (len(outcome.answered), outcome.failed) == (40, {})
    assert opened == len(came) == 40


def test_a_server_that_is_not_there_is_a_failure_of_every_request(callers: ModuleType):
    async def run() -> Any:
        free = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = free.sockets[0].getsockname()[1]
        free.close()
        await free.wait_closed()
        return await callers.load(port, [callers.post("/", {}, b"")], 100, 0.1, CONNECTIONS)

    assert asyncio.run(run()).failed == {"ConnectionRefusedError": 10}


def test_a_form_holds_the_photo_bit_for_bit(callers: ModuleType):
    photo = bytes(range(256)) * 3 + b"\r\n--" + b"\r\n"
    head, _, body = callers.photo_form("/v1/embed", photo, {"Request-Timeout": "0.5"}).partition(b"\r\n\r\n")
    fields = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
    headers = Headers(raw=[(name.lower().encode(), value.encode()) for name, value in fields])
    assert int(headers["content-length"]) == len(body)
    assert headers["request-timeout"] == "0.5"

    async def stream() -> Any:
        yield body

    async def parsed() -> bytes:
        form = await MultiPartParser(headers, stream()).parse()
        try:
            part = form["photo"]
            assert isinstance(part, UploadFile)
            return await part.read()
        finally:
            await form.close()

    assert asyncio.run(parsed()) == photo
