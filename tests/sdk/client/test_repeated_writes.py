"""A write that is sent again under its key is answered as before, and is not done again."""

import stat
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from fashionsdk import Client
from fashionsdk.client import Written
from fashionsdk.search import Matcher
from fashionsdk.service import hashed, new_key
from fashionsdk.service._problems import Problem
from fashionsdk.service.guards import Repeats
from fashionsdk.service.guards import _repeats as repeats
from tests.sdk.client.conftest import COUNT, key_of
from tests.sdk.client.running import commanded

KEYED = {"Idempotency-Key": "first"}


@pytest.fixture
def photo(images: Path) -> bytes:
    return (images / key_of(0)).read_bytes()


def add(address: str, photo: bytes, name: str = "new", **headers: str) -> httpx.Response:
    """Add an item with a form, whose boundary is another each time."""
    fields = {"query": f'{{"items": [{{"key": "{name}", "photo": "photo"}}]}}'}
    return httpx.post(f"{address}/v1/items", data=fields, files={"photo": photo}, headers=KEYED | headers, timeout=60)


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


def test_an_addition_is_done_once(service: str, client: Client, photo: bytes):
    first, again = add(service, photo), add(service, photo)
    assert first.json() == again.json() == {"written": 1, "count": COUNT + 1}
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    client.remove("new")
    assert add(service, photo).json() == {"written": 1, "count": COUNT + 1}
    assert client.page().count == COUNT  # what was removed since does not come back


def test_every_write_is_done_once(service: str, client: Client, photo: bytes):
    writes: list[tuple[str, str, dict[str, Any]]] = [
        ("PUT", "/v1/items/new", {"files": {"photo": photo}}),
        ("PATCH", "/v1/items", {"json": {"changes": {"new": {"n": 1}}}}),
        ("POST", "/v1/removals", {"json": {"keys": ["new"]}}),
        ("DELETE", f"/v1/items/{key_of(0).replace('%', '%25').replace('?', '%3F').replace('#', '%23')}", {}),
    ]
    for number, (method, path, body) in enumerate(writes):
        headers = {"Idempotency-Key": f"write {number}".replace(" ", "-")}
        answers = [httpx.request(method, service + path, headers=headers, timeout=60, **body) for _ in range(2)]
        assert answers[0].json() == answers[1].json(), path
        assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]
    assert client.page().count == COUNT - 1


def test_another_request_under_the_same_key_is_refused(service: str, client: Client, photo: bytes, images: Path):
    assert add(service, photo).status_code == 200
    for other in (
        add(service, photo, "other"),
        add(service, (images / key_of(1)).read_bytes()),
        httpx.post(f"{service}/v1/removals", json={"keys": ["new"]}, headers=KEYED),
        httpx.request("DELETE", f"{service}/v1/items/new", headers=KEYED),
    ):
        assert kind(other) == (422, "key-reused")
    assert client.page().count == COUNT + 1


def test_a_write_that_failed_is_tried_again(service: str, client: Client, photo: bytes):
    assert kind(add(service, b"no photo")) == (422, "photo")
    assert add(service, photo).json() == {"written": 1, "count": COUNT + 1}
    assert kind(add(service, photo, "new", **{"Idempotency-Key": "second"})) == (409, "conflict")
    client.remove("new")
    assert add(service, photo, "new", **{"Idempotency-Key": "second"}).status_code == 200


def test_a_repetition_while_the_first_runs_is_told_to_come_back(
    service: str, photo: bytes, monkeypatch: pytest.MonkeyPatch
):
    begun, may_end = threading.Event(), threading.Event()
    write = Matcher.add

    def slow(*arguments: Any, **options: Any) -> None:
        begun.set()
        assert may_end.wait(60)
        write(*arguments, **options)

    monkeypatch.setattr(Matcher, "add", slow)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(add, service, photo)
        assert begun.wait(60)
        second = add(service, photo)
        may_end.set()
        assert kind(second) == (409, "running")
        assert second.headers["retry-after"] == "1"
        assert first.result().json() == {"written": 1, "count": COUNT + 1}
    assert add(service, photo).json() == {"written": 1, "count": COUNT + 1}


def test_a_client_that_loses_an_answer_gets_it_again(
    service: str, photo: bytes, monkeypatch: pytest.MonkeyPatch, gallery: str
):
    """The client's own key: its second attempt meets what the first has written."""
    send = httpx.Client.send
    lost: list[httpx.Response] = []

    def lossy(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        response = send(self, request, **options)
        if not lost:
            lost.append(response)
            raise httpx.ReadError("the connection broke", request=request)
        return response

    monkeypatch.setattr(httpx.Client, "send", lossy)
    with Client(service, timeout=60) as client:
        assert client.put("new", photo) == Written(1, COUNT + 1)
        lost.clear()
        assert client.remove("new") == Written(1, COUNT)  # without the key this would be: no such item
    assert lost[0].json() == {"written": 1, "count": COUNT}


def test_callers_do_not_share_keys(start: Callable[..., str], tmp_path: Path, photo: bytes):
    keys = {name: new_key() for name in ("one", "two")}
    (tmp_path / "keys").write_text("\n".join(f"{name} write {hashed(key)}" for name, key in keys.items()))
    address = start(keys=tmp_path / "keys")
    one, two = ({"Authorization": f"Bearer {key}"} for key in keys.values())
    assert add(address, photo, **one).status_code == 200
    assert add(address, photo, "other", **two).json()["count"] == COUNT + 2
    assert add(address, photo, **one).json()["count"] == COUNT + 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
def test_a_key_that_is_none_is_refused(service: str, key):
    answer = httpx.request("DELETE", f"{service}/v1/items/a", headers={"Idempotency-Key": key.encode("latin-1")})
    assert kind(answer) == (400, "bad-request")


def test_a_key_changes_no_read(service: str):
    for offset in (0, 1):
        answer = httpx.get(f"{service}/v1/items?offset={offset}", headers=KEYED)
        assert answer.json()["items"][0]["key"] == key_of(offset)


def test_answers_may_outlive_the_service(start: Callable[..., str], tmp_path: Path, photo: bytes):
    file = tmp_path / "answers.sqlite"
    assert add(start(answers=file), photo).status_code == 200
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = add(start(answers=file), photo)  # of another service, with the same file
    assert again.headers["idempotent-replayed"] == "true"
    assert kind(add(start(), photo)) == (409, "conflict")  # of one without it: the gallery keeps keys apart


def test_processes_share_a_file(tmp_path: Path):
    one, other = Repeats(tmp_path / "file"), Repeats(tmp_path / "file")
    assert one.begin("shop", "key", b"question") is None
    with pytest.raises(Problem, match="has not ended"):
        other.begin("shop", "key", b"question")
    one.finish("shop", "key", "answer")
    assert other.begin("shop", "key", b"question") == "answer"
    other.forget("shop", "key")
    assert one.begin("shop", "key", b"another") is None
    one.close()
    other.close()


@pytest.mark.slow
def test_the_workers_of_a_service_share_answers(served_bundle: Path, gallery: str, photo: bytes):
    arguments = [str(served_bundle), "--gallery", gallery, "--workers", "2", "--no-pictures"]
    with commanded(arguments) as address:
        answers = [add(address, photo) for _ in range(16)]  # each on a connection of its own
    assert {answer.text for answer in answers} == {f'{{"written":1,"count":{COUNT + 1}}}'}
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 15


def test_a_write_whose_process_died_may_be_tried_again(monkeypatch: pytest.MonkeyPatch):
    kept = Repeats(None)
    kept.begin("shop", "key", b"question")
    now = time.time() + repeats.RUNNING_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: now)
    assert kept.begin("shop", "key", b"question") is None
    with pytest.raises(Problem, match="has not ended"):  # it runs again
        kept.begin("shop", "key", b"question")
    kept.close()


def test_answers_are_kept_for_a_day_and_up_to_a_number(monkeypatch: pytest.MonkeyPatch):
    kept = Repeats(None)
    monkeypatch.setattr(repeats, "MOST", 3)
    for key in "abcd":
        kept.begin("shop", key, b"question")
        kept.finish("shop", key, f"answer {key}")
    assert kept._database.execute("SELECT COUNT(*) FROM answers").fetchone() == (3,)
    assert kept.begin("shop", "d", b"question") == "answer d"
    assert kept.begin("shop", "a", b"question") is None
    day = time.time() + repeats.SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: day)
    assert kept.begin("shop", "d", b"question") is None
    assert kept._database.execute("SELECT COUNT(*) FROM answers").fetchone() == (1,)
    kept.close()


def test_a_file_of_another_kind_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("a letter, not answers " * 100)
    with pytest.raises(ValueError, match=r"file cannot hold answers: .*; expected a new file, or one of a service"):
        Repeats(tmp_path / "file")
    with pytest.raises(FileNotFoundError):
        Repeats(tmp_path / "none" / "file")


def test_a_file_that_cannot_be_written_stops_writes_and_keeps_what_is_written(
    service: str, client: Client, photo: bytes, monkeypatch: pytest.MonkeyPatch
):
    def failing(self: Repeats, *_: object) -> None:
        raise Problem("unavailable", "full")

    monkeypatch.setattr(Repeats, "finish", failing)
    assert add(service, photo).json() == {"written": 1, "count": COUNT + 1}
    monkeypatch.setattr(Repeats, "begin", failing)
    assert kind(add(service, photo, "other", **{"Idempotency-Key": "other"})) == (503, "unavailable")
    assert client.page().count == COUNT + 1
