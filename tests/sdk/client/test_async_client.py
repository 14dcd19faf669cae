"""The awaited client does what the other does."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashionsdk import AsyncClient, Client, ImageError
from fashionsdk.client import InvalidRequestError, NewItem, NotFoundError, UnavailableError, Written
from fashionsdk.client import _attempts as attempts
from fashionsdk.client import _item_calls as item_calls
from tests.sdk.client.conftest import COUNT, key_of
from tests.sdk.client.running import Said, scripted

ASYNCHRONOUS = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__"}


def run(address: str, work: Callable[[AsyncClient], Coroutine[Any, Any, Any]], **options: Any) -> Any:
    """Return what ``work`` returns, which is given a client."""

    async def within() -> Any:
        async with AsyncClient(address, **{"timeout": 60, **options}) as client:
            return await work(client)

    return asyncio.run(within())


def methods(kind: type) -> dict[str, Any]:
    names = [name for name in dir(kind) if not name.startswith("_")]
    return {ASYNCHRONOUS.get(name, name): getattr(kind, name) for name in names}


def test_both_clients_have_the_same_methods_and_arguments():
    waiting, awaited = methods(Client), methods(AsyncClient)
    assert waiting.keys() == awaited.keys()
    for name, method in waiting.items():
        parameters = [(each.name, each.kind, each.default) for each in inspect.signature(method).parameters.values()]
        others = inspect.signature(awaited[name]).parameters.values()
        assert [(each.name, each.kind, each.default) for each in others] == parameters, name
        assert (inspect.getdoc(awaited[name]) or "").splitlines()[0] == (inspect.getdoc(method) or "").splitlines()[0]


def test_questions_are_answered_alike(read_only_service: str, reader: Client, images: Path):
    photo, key = images / key_of(2), key_of(3)

    async def ask(client: AsyncClient) -> list[Any]:
        found = [
            client.search(photo, by={"sleeve": 1.0, "colour": -0.5}),
            client.rerank(photo, [key, key_of(1)], "sleeve"),
            client.predict(photo, "sleeve"),
            client.attention(photo, "sleeve"),
            client.item(key),
            client.page(3, 4),
            client.picture(key),
            client.attributes(),
            client.alive(),
            client.ready(),
        ]
        return list(await asyncio.gather(*found))

    expected: list[Any] = [
        reader.search(photo, by={"sleeve": 1.0, "colour": -0.5}),
        reader.rerank(photo, [key, key_of(1)], "sleeve"),
        reader.predict(photo, "sleeve"),
        reader.attention(photo, "sleeve"),
        reader.item(key),
        reader.page(3, 4),
        reader.picture(key),
        reader.attributes(),
        True,
        True,
    ]
    answers = run(read_only_service, ask)
    for got, wanted in zip(answers[3:], expected[3:], strict=True):
        assert got == wanted
    assert [match.key for match in answers[0].matches] == [match.key for match in expected[0].matches]
    assert [match.key for match in answers[1].matches] == [match.key for match in expected[1].matches]
    assert {name: each.value for name, each in answers[2].items()} == {n: e.value for n, e in expected[2].items()}
    vectors = run(read_only_service, lambda client: client.embed(photo))
    np.testing.assert_allclose(vectors.vectors, reader.embed(photo).vectors, rtol=0, atol=1e-6)
    assert "fashionsdk_requests_total" in run(read_only_service, lambda client: client.metrics())


def test_iterators_give_all(read_only_service: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(item_calls, "PAGE", 5)

    async def gather(client: AsyncClient) -> tuple[list[str], list[str]]:
        items = [item.key async for item in client.items()]
        matches = [match.key async for match in client.matches(key=key_of(0), by="colour", k=5)]
        return items, matches

    items, matches = run(read_only_service, gather)
    assert items == [key_of(index) for index in range(COUNT)]
    assert sorted(matches) == sorted(items)


def test_items_are_written(service: str, images: Path):
    photo = (images / key_of(0)).read_bytes()

    async def write(client: AsyncClient) -> list[Written]:
        return [
            await client.add(NewItem(f"new {n}", photo) for n in range(20)),
            await client.put("one", photo, metadata={"n": 1}),
            await client.update({"one": {"n": 2}}),
            await client.remove(["one", "new 3"]),
            await client.remove("new 4"),
        ]

    expected = [Written(20, COUNT + 20), Written(1, COUNT + 21), Written(1, COUNT + 21), Written(2, COUNT + 19)]
    assert run(service, write) == [*expected, Written(1, COUNT + 18)]
    run(service, lambda client: client.reload())


def test_errors_are_raised(read_only_service: str):
    for ask, error in (
        (lambda client: client.item("nowhere"), NotFoundError),
        (lambda client: client.embed(b"no photo"), InvalidRequestError),
        (lambda client: client.embed("missing.jpg"), ImageError),
        (lambda client: client.add([]), ValueError),
    ):
        with pytest.raises(error):
            run(read_only_service, ask)
    client = AsyncClient(read_only_service)
    asyncio.run(client.aclose())
    with pytest.raises(ValueError, match="this client is closed"):
        asyncio.run(client.page())


def test_what_passes_is_sent_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempts, "FIRST_PAUSE", 0.001)
    with scripted([Said(503), Said(0), Said(200, b'{"written": 1, "count": 5}')]) as server:
        assert run(server.address, lambda client: client.remove("a")) == Written(1, 5)
    assert len({request[2]["idempotency-key"] for request in server.requests}) == 1
    assert len(server.requests) == 3
    with scripted([Said(503)]) as server:
        assert not run(server.address, lambda client: client.ready())
        with pytest.raises(UnavailableError):
            run(server.address, lambda client: client.page(), retries=1)
    assert len(server.requests) == 3


def test_a_cancelled_call_is_not_sent_again():
    async def cancel(client: AsyncClient) -> None:
        task = asyncio.create_task(client.page())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with scripted([Said(503, b"", {"Retry-After": "30"})]) as server:
        run(server.address, cancel)
    assert len(server.requests) == 1


def test_many_calls_at_once_share_a_client(read_only_service: str):
    async def ask(client: AsyncClient) -> list[int]:
        return [page.count for page in await asyncio.gather(*(client.page(n % 5, 1) for n in range(60)))]

    assert run(read_only_service, ask) == [COUNT] * 60
