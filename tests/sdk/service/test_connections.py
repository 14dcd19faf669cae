"""Connections as bytes: what is no body has an end, and a request's head is what was sent before its body."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from fashionsdk.service._connections import HEAD_BYTES
from tests.sdk.client.running import serving

SECONDS = 60


async def _tell(scope, receive, send):
    """Answer with what came: the names of the head's fields and the body's length, after the body has been read."""
    request = Request(scope, receive)
    body = await request.body()
    await JSONResponse({"fields": sorted(request.headers), "body": len(body)})(scope, receive, send)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(_tell) as address:
        yield urlsplit(address).port or 0


def answer(port: int, *parts: bytes) -> bytes:
    """Send bytes as far as they are taken; return what comes back until the connection ends."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=SECONDS)) as raw:
        got = b""
        try:
            for part in parts:
                raw.sendall(part)
            raw.shutdown(socket.SHUT_WR)
            while part := raw.recv(100_000):
                got += part
        except ConnectionError:  # it was closed while there was more to send
            pass
        return got


def told(got: bytes) -> dict:
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), got[:300]
    found: dict = json.loads(body)
    return found


START = b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


def chunks(body: bytes, size: int) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n"


def test_a_head_of_usual_size_is_read(port):
    fields = b"".join(b"X-%d: %s\r\n" % (number, b"v" * 1000) for number in range(50))
    assert told(answer(port, START + fields + b"Content-Length: 3\r\n\r\nabc"))["body"] == 3


@pytest.mark.parametrize(
    "endless", [b"X-A: b\r\n" * 1000, b"x" * 10_000], ids=["ever more fields", "a field without an end"]
)
def test_an_endless_head_is_refused_before_it_fills_the_memory(port, endless):
    taken = 0

    def parts() -> Iterator[bytes]:
        nonlocal taken
        yield START
        while taken < 100 * HEAD_BYTES:
            taken += len(endless)
            yield endless

    got = answer(port, *[START], *parts())
    assert b"200" not in got[:20]
    assert got[:12] in (b"HTTP/1.1 400", b"")  # or the end came before it was read


def test_trailers_add_nothing_to_the_head(port):
    body = START + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(b"a" * 100, 10) + b"Authorization: Bearer x\r\n\r\n"
    found = told(answer(port, body))
    assert found == {"fields": ["connection", "host", "transfer-encoding"], "body": 100}


def test_endless_trailers_are_refused(port):
    head = START + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(b"a", 1)
    got = answer(port, head, *[b"X-A: b\r\n" * 1000] * 1000)
    assert b" 200 " not in got[:20]


def test_a_body_in_chunks_of_a_byte_is_read(port):
    head = START + b"Transfer-Encoding: chunked\r\n\r\n"
    assert told(answer(port, head + chunks(b"a" * 50_000, 1) + b"\r\n"))["body"] == 50_000


def test_chunks_with_long_extensions_are_refused(port):
    head = START + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"1;" + b"x" * 1000 + b"\r\na\r\n"
    got = answer(port, head, *[chunk * 100] * 50)
    assert b" 200 " not in got[:20]


def test_requests_on_one_connection_are_counted_apart(port):
    fields = b"X: " + b"v" * (HEAD_BYTES // 4) + b"\r\n"
    one = b"POST / HTTP/1.1\r\nHost: localhost\r\n" + fields + b"Content-Length: 0\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", port), timeout=SECONDS)) as raw:
        for _ in range(10):
            raw.sendall(one)
            assert raw.recv(100_000).startswith(b"HTTP/1.1 200")
