"""Bodies are read within limits; what is damaged, foreign or too much is told so, and costs little."""

import asyncio
import base64
import json
import time
from dataclasses import replace

import pytest

from fashionsdk.service import Limits
from fashionsdk.service._problems import Problem
from fashionsdk.service.guards import HeldBytes
from tests.sdk.service.conftest import photo_name

JSON = {"content-type": "application/json"}
MB = 1_000_000
QUICK = 3.0  # seconds that a refusal may take on a busy machine; without the limits these take minutes


def form(*parts: bytes, boundary: bytes = b"x") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"


def field(name: str, value: bytes) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value


def file(name: str, value: bytes) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode() + value


def sent(shop, content: bytes, kind: str = "multipart/form-data; boundary=x", path: str = "/v1/embed"):
    return shop.post(path, content=content, headers={"content-type": kind})


def problem(answer) -> str:
    return answer.json()["type"].rpartition(":")[2]


@pytest.fixture
def small(start, settings):
    """A service that takes bodies of up to 100 kB."""
    return start(limits=replace(settings.limits, body_bytes=100_000, held_bytes=150_000))


def test_a_body_that_declares_too_many_bytes_is_refused_before_it_is_read(small):
    async def never():
        raise AssertionError("the body was read")
        yield b""

    answer = small.post("/v1/embed", content=never(), headers={**JSON, "content-length": "100001"})
    assert (answer.status_code, problem(answer)) == (413, "too-large")


def test_a_body_without_a_length_is_read_up_to_the_limit_and_no_further(small):
    read = []

    async def chunks():
        for _ in range(1000):
            read.append(10_000)
            yield b"x" * 10_000

    answer = small.post("/v1/embed", content=chunks(), headers=JSON)
    assert (answer.status_code, problem(answer)) == (413, "too-large")
    assert sum(read) <= 200_000


def test_a_body_of_just_the_limit_is_read(small):
    body = json.dumps({"photo": "A" * 99_984}).encode()
    answer = small.post("/v1/embed", content=body.ljust(100_000), headers=JSON)
    assert (answer.status_code, problem(answer)) == (422, "photo")


@pytest.mark.parametrize("length", ["-1", "1e3", "²", "0x10", "", "1 2"])
def test_a_length_that_is_no_number_is_refused(small, length):
    answer = small.post("/v1/embed", content=b"", headers=[*JSON.items(), (b"content-length", length.encode())])
    assert (answer.status_code, problem(answer)) == (400, "bad-request")


def test_a_body_that_comes_too_slowly_is_given_up(start, settings, photo):
    shop = start(limits=replace(settings.limits, body_seconds=0.2))

    async def slow():
        for _ in range(50):
            await asyncio.sleep(0.1)
            yield b" "

    began = time.monotonic()
    answer = shop.post("/v1/embed", content=slow(), headers=JSON)
    assert (answer.status_code, problem(answer)) == (408, "timeout")
    assert time.monotonic() - began < QUICK
    assert shop.service.held.held == 0


def test_slow_promises_of_large_bodies_take_nothing_from_others(small, photo):
    """Each of ten callers promises 90 kB and sends a few bytes; all together may hold 150 kB."""
    gate = asyncio.Event()

    async def promised():
        yield b"{"
        await gate.wait()

    headers = {**JSON, "content-length": "90000"}
    waiting = [small.begin("POST", "/v1/embed", content=promised(), headers=headers) for _ in range(10)]
    while small.service.held.held < 10:
        time.sleep(0.01)
    assert small.post("/v1/embed", files={"photo": photo}).status_code == 200
    small.run(opened(gate))
    assert {future.result(30).status_code for future in waiting} == {400}
    assert small.service.held.held == 0


async def opened(gate: asyncio.Event) -> None:
    gate.set()


def test_bytes_beyond_what_all_may_hold_are_refused_with_a_time_to_come_back(small):
    gate = asyncio.Event()

    async def held():
        yield b"x" * 90_000
        await gate.wait()

    first = small.begin("POST", "/v1/embed", content=held(), headers=JSON)
    while small.service.held.held < 90_000:
        time.sleep(0.01)
    second = small.post("/v1/embed", content=b"y" * 70_000, headers=JSON)
    assert (second.status_code, problem(second), second.headers["retry-after"]) == (429, "busy", "1")
    small.run(opened(gate))
    assert first.result(30).status_code == 400
    assert small.service.held.held == 0


def test_shares_are_freed_however_their_block_ends():
    held = HeldBytes(10)
    with held.share() as share:
        share.take(8)
        with pytest.raises(Problem):
            share.take(3)
        assert held.held == 8
    assert held.held == 0


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"hello", 415),
        ("", b"hello", 415),
        ("application/x-www-form-urlencoded", b"photo=a", 415),
        ("application/json", b"", 400),
        ("application/json", b"[]", 400),
        ("application/json", b"null", 400),
        ("application/json", b'{"photo": NaN}', 400),
        ("application/json", b'{"photo": "a", "photo": "b"}', 400),
        ("application/json", b'{"photo": "a"', 400),
        ("application/json", b"\xff\xfe{}", 400),
        ("application/json", b'{"a":' * 50_000, 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b'{"photo": ' + b"9" * 5000 + b"}", 400),
        ("multipart/form-data", b"--x--", 400),
        ("multipart/form-data; boundary=", b"--x--", 400),
        ("multipart/form-data; boundary=" + "y" * 5000, b"--x--", 400),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x", b"hello", 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno head\r\n--x--", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--", 400),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition form-data\r\n\r\na\r\n--x--", 400),
    ],
)
def test_what_cannot_be_read_is_told_so(shop, kind, body, status):
    answer = sent(shop, body, kind)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_form_that_ends_too_early_is_damaged(shop, photo):
    whole = form(field("box", b"0,0,9,9"), file("photo", photo))
    assert sent(shop, whole).status_code == 200
    assert sent(shop, whole + b"\r\n").status_code == 200
    for end in [*range(1, len(whole) - 2, 97), len(whole) - 3]:
        answer = sent(shop, whole[:end])
        assert (answer.status_code, problem(answer)) == (400, "bad-request")


@pytest.mark.parametrize("charset", ["punycode", "utf-7", "idna", "rot13", "utf-16", "nonsense"])
def test_fields_in_another_charset_are_refused_at_once(shop, charset):
    """Decoding a megabyte of Punycode takes minutes, within which nobody else would be answered."""
    body = form(field("photo", b"a-" + b"b" * 900_000))
    began = time.monotonic()
    answer = sent(shop, body, f"multipart/form-data; boundary=x; charset={charset}")
    assert (answer.status_code, problem(answer)) == (415, "media-type")
    assert time.monotonic() - began < QUICK


def test_fields_that_say_they_are_utf8_are_read(shop, photo):
    kind = "multipart/form-data; boundary=x; charset=UTF-8"
    assert sent(shop, form(file("photo", photo)), kind).status_code == 200


@pytest.mark.parametrize("value", [b"[],", b"{},", b"[", b'"",', b"1,"])
def test_json_of_very_many_values_is_refused_before_it_is_parsed(shop, value):
    body = b'{"photo": [' + value * (4 * MB // len(value)) + b"1]}"
    began = time.monotonic()
    answer = sent(shop, body, "application/json")
    assert (answer.status_code, problem(answer)) == (413, "too-large")
    assert time.monotonic() - began < QUICK


def test_a_large_photo_in_base64_is_no_json_of_many_values(shop, photo):
    padded = base64.b64encode(photo + bytes(2 * MB)).decode()  # what follows a PNG's end is not read
    assert sent(shop, json.dumps({"photo": padded}).encode(), "application/json").status_code == 200


@pytest.mark.parametrize("filler", [b"\r", b"\n", b"\r\n--", b"\r\n--boundar", b"-", b"--x", b"\r\n\r\n"])
def test_a_file_of_almost_boundaries_takes_no_time(shop, filler):
    body = form(file("photo", filler * (10 * MB // len(filler))), boundary=b"boundary")
    began = time.monotonic()
    answer = sent(shop, body, "multipart/form-data; boundary=boundary")
    assert (answer.status_code, problem(answer)) == (422, "photo")
    assert time.monotonic() - began < QUICK


def test_more_files_fields_or_bytes_of_a_field_than_a_form_may_have_are_refused(shop, photo):
    most = Limits().photos
    files = [file(f"f{number}", photo) for number in range(most + 1)]
    fields = [field(f"f{number}", b"1") for number in range(1001)]
    for body in (form(*files), form(*fields), form(field("query", b" " * (MB + 1)))):
        answer = sent(shop, body)
        assert (answer.status_code, problem(answer)) == (400, "bad-request")


def test_two_files_of_one_name_are_refused(shop, photo):
    answer = sent(shop, form(file("photo", photo), file("photo", photo)))
    assert (answer.status_code, answer.json()["detail"][:25]) == (422, "two files are named 'photo'"[:25])


def test_a_file_that_is_not_there_is_named_beside_those_that_are(shop, photo):
    answer = sent(shop, form(file("front", photo), field("photo", b"back")))
    assert answer.json()["detail"] == "there is no file named 'back'; expected one of 'front'"
    long = sent(shop, form(file("y" * 500, photo), field("photo", b"z" * 500)))
    assert len(long.json()["detail"]) < 250


def test_a_caller_hears_of_some_mistakes_not_of_a_million(shop):
    answer = shop.post("/v1/search", json={f"field{number}": 1 for number in range(50_000)})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 20


def test_mistakes_do_not_repeat_what_was_sent(shop):
    answer = shop.post("/v1/search", json={"key": photo_name(0), "k": "secret-text", "by": {"neckline": "secret-text"}})
    assert answer.status_code == 422
    assert "secret-text" not in answer.text


@pytest.mark.parametrize("metadata", ["{", "NaN", '{"price": NaN}', "[" * 3000, '{"a": 1, "a": 2}', "7"])
def test_metadata_as_text_are_as_strict_as_json(shop, photo, metadata):
    answer = sent(shop, form(file("photo", photo), field("metadata", metadata.encode())), path="/v1/items/new")
    assert answer.status_code == 405  # this is a POST
    answer = shop.put("/v1/items/new", files={"photo": photo}, data={"metadata": metadata})
    assert (answer.status_code, problem(answer)) == (422, "invalid")
