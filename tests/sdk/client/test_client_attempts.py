"""What a client sends again, when, and how it says that it gave up."""

import gc
import pickle
import random
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from fashionsdk import Client, FashionSDKError, ServiceError
from fashionsdk.client import (
    AccessError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    UnavailableError,
    Written,
)
from fashionsdk.client import _attempts as attempts
from tests.sdk.client.running import Said, scripted

BUSY = Said(429, b'{"type": "urn:fashionsdk:problem:busy", "detail": "later"}')
WRITTEN = Said(200, b'{"written": 1, "count": 5}')
ITEM = Said(200, b'{"key": "a", "metadata": {}, "lacks": [], "picture": false}')
BROKEN = Said(0)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_PAUSE", 0.001)


@pytest.mark.parametrize("passing", [BUSY, Said(503, b"busy"), Said(502, b"<html>"), BROKEN], ids=str)
def test_reads_and_writes_are_sent_again_after_what_passes(passing):
    with scripted([passing, passing, ITEM]) as server, Client(server.address) as client:
        assert client.item("a").key == "a"
    assert [request[:2] for request in server.requests] == [("GET", "/v1/items/a")] * 3
    for write in (lambda: client.put("a", b"photo"), lambda: client.update({"a": {}}), lambda: client.remove("a")):
        with scripted([passing, WRITTEN]) as server, Client(server.address) as client:
            assert write() == Written(1, 5)
        first, second = (request[2] for request in server.requests)
        assert first["idempotency-key"] == second["idempotency-key"]
        assert len(first["idempotency-key"]) == 32


def test_each_write_has_a_key_of_its_own():
    with scripted([WRITTEN]) as server, Client(server.address) as client:
        client.remove("a")
        client.remove("a")
    assert len({request[2]["idempotency-key"] for request in server.requests}) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 500, 504])
def test_what_will_not_change_is_not_sent_again(status):
    with (
        scripted([Said(status)]) as server,
        Client(server.address) as client,
        pytest.raises(ServiceError) as caught,
    ):
        client.item("a")
    assert caught.value.status == status
    assert len(server.requests) == 1


def test_a_repetition_that_came_too_early_is_sent_again():
    running = Said(409, b'{"type": "urn:fashionsdk:problem:running"}')
    with scripted([running, WRITTEN]) as server, Client(server.address) as client:
        assert client.remove("a") == Written(1, 5)


@pytest.mark.parametrize("maybe_begun", [BROKEN, Said(503), Said(502)], ids=str)
def test_a_reload_that_may_have_begun_is_not_sent_again(maybe_begun):
    with scripted([maybe_begun]) as server, Client(server.address) as client, pytest.raises(UnavailableError):
        client.reload()
    assert len(server.requests) == 1
    with scripted([BUSY, Said(200)]) as server, Client(server.address) as client:
        client.reload()
    assert len(server.requests) == 2


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_retries_are_counted(retries):
    with (
        scripted([BUSY]) as server,
        Client(server.address, retries=retries) as client,
        pytest.raises(UnavailableError, match="later") as caught,
    ):
        client.item("a")
    assert len(server.requests) == retries + 1
    assert (caught.value.status, caught.value.kind) == (429, "busy")


def test_a_client_waits_as_long_as_it_is_told():
    with scripted([Said(503, b"", {"Retry-After": "1"}), ITEM]) as server, Client(server.address) as client:
        began = time.monotonic()
        client.item("a")
        assert 1 <= time.monotonic() - began < 5
    began = time.monotonic()  # the date counts from here, however long the server takes to start
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)  # whole seconds: 1 to 2 from now
    with scripted([Said(503, b"", {"Retry-After": soon}), ITEM]) as server, Client(server.address) as client:
        client.item("a")
        assert 0.9 <= time.monotonic() - began < 6


def test_a_client_does_not_wait_beyond_its_caller_s_seconds():
    with (
        scripted([Said(503, b"", {"Retry-After": "3600"})]) as server,
        Client(server.address) as client,
        pytest.raises(UnavailableError),
    ):
        client.item("a")
    assert len(server.requests) == 1


@pytest.mark.parametrize("text", ["soon", "-1", "1e3", "Fri, 99 Nov 2026", "²", ""])
def test_a_retry_after_that_is_none_counts_as_none(text):
    assert attempts._seconds(text) == 0


def test_the_pauses_double_up_to_the_longest(monkeypatch: pytest.MonkeyPatch):
    pauses: list[float] = []

    def shortest(low: float, high: float) -> float:
        pauses.append(high)
        return low

    monkeypatch.setattr(random, "uniform", shortest)
    monkeypatch.setattr(attempts, "FIRST_PAUSE", 0.1)
    with (
        scripted([BUSY]) as server,
        Client(server.address, retries=8) as client,
        pytest.raises(UnavailableError),
    ):
        client.item("a")
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0])


def test_the_service_is_told_the_seconds_that_are_left():
    with scripted([BUSY, ITEM]) as server, Client(server.address) as client:
        client.item("a", timeout=3)
        client.item("a")
    first, second, third = (float(request[2]["request-timeout"]) for request in server.requests)
    assert 2 < second < first <= 3
    assert 9 < third <= 10
    numbers = [request[2]["x-request-id"] for request in server.requests]
    assert numbers[0] == numbers[1] != numbers[2]


def test_a_server_that_says_nothing_is_left(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempts, "GRACE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Client(address, timeout=0.2) as client, pytest.raises(UnavailableError, match="timed out") as caught:
            client.item("a")
    assert (caught.value.status, caught.value.kind) == (0, "unreachable")
    assert len(caught.value.request_id) == 16


def test_a_service_that_is_not_there_is_unavailable():
    with Client("http://127.0.0.1:9", retries=1) as client:
        assert not client.alive()
        assert not client.ready()
        with pytest.raises(UnavailableError, match=r"no answer from http://127\.0\.0\.1:9: "):
            client.page()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # httpcore leaves the socket open
def test_a_unix_socket_that_is_not_there_is_unavailable(tmp_path: Path):
    with (
        Client(f"unix:{tmp_path}/none.sock", retries=0) as client,
        pytest.raises(UnavailableError, match=r"none\.sock"),
    ):
        client.page()
    gc.collect()


def test_a_service_that_ends_is_asked_once_whether_it_is_ready():
    with scripted([Said(503)]) as server, Client(server.address) as client:
        assert not client.ready()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (Said(404, b"<html>"), NotFoundError, "Not Found, not an answer of this service; is the address right?"),
        (Said(301, b"", {"Location": "https://b/"}), ServiceError, "it leads to https://b/; give this address"),
        (Said(200, b"<html>"), ServiceError, "the answer is not one of this service"),
        (Said(200, b"[]"), ServiceError, "the answer is not one of this service"),
        (Said(200, b'{"key": 1}'), ServiceError, "the answer is not one of this service"),
        (Said(599, b"\xff"), ServiceError, "no status of HTTP"),
        (Said(401, b'{"detail": "key"}'), AccessError, "key"),
        (Said(403, b'{"title": "No"}'), AccessError, "No"),
        (Said(409, b'{"detail": 3, "errors": 4}'), ConflictError, "3"),
        (Said(422, b'{"detail": "d", "errors": [1, {"field": "k", "message": "m"}]}'), InvalidRequestError, "d: k: m"),
    ],
)
def test_an_error_says_what_came(said, kind, words):
    with scripted([said]) as server, Client(server.address) as client, pytest.raises(FashionSDKError) as caught:
        client.item("a")
    assert type(caught.value) is kind
    assert words in str(caught.value)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), vars(copy)) == (kind, str(caught.value), vars(caught.value))


def test_a_busy_service_is_waited_for(start: Callable[..., str]):
    """The rate of a real service: the second of two quick calls is refused at first."""
    with Client(start(rate=1.0), timeout=30) as client:
        for _ in range(4):
            assert client.attributes().attributes
