"""Items through a client: read, added, changed and removed, in as many requests as they need."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashionsdk import Client, Cutout, Embedder, ImageError, Matcher, ServiceError, field
from fashionsdk.client import ConflictError, InvalidRequestError, NewItem, NotFoundError, Written
from fashionsdk.client import _item_calls as item_calls
from fashionsdk.service import Settings
from tests.sdk.client.conftest import COUNT, key_of

ODD_KEYS = ("a/b//c", "..", ".", "../up", "/root", "a?b=c&d#e", "100%", "50%25", " space ", "ключ", "a\\b", "+", "a;b")


def test_an_item_is_read_as_it_is_stored(reader: Client):
    item = reader.item(key_of(3))
    assert (item.key, item.metadata, item.lacks, item.picture) == (
        key_of(3),
        {"price": 30, "brand": "b"},
        frozenset(),
        True,
    )
    with pytest.raises(NotFoundError, match="no item has the key 'nowhere'") as caught:
        reader.item("nowhere")
    assert (caught.value.status, caught.value.kind) == (404, "not-found")
    with pytest.raises(ValueError, match="key is empty"):
        reader.item("")
    with pytest.raises(TypeError, match="key is int"):
        reader.item(3)  # type: ignore[arg-type]


def test_pages_and_the_iterator_give_all_items_in_order(reader: Client, monkeypatch: pytest.MonkeyPatch):
    keys = [key_of(index) for index in range(COUNT)]
    page = reader.page(2, 5)
    assert ([item.key for item in page.items], page.count, page.next_offset) == (keys[2:7], COUNT, 7)
    assert reader.page(10, 5).next_offset is None
    monkeypatch.setattr(item_calls, "PAGE", 5)
    assert [item.key for item in reader.items()] == keys
    assert [item.key for item in reader.items(where=field("price") < 50)] == keys[:5]
    assert list(reader.items(where="price > 1000")) == []


@pytest.mark.parametrize("key", ODD_KEYS)
def test_an_item_may_have_any_key(client: Client, images: Path, key):
    photo = images / key_of(0)
    assert client.put(key, photo, metadata={"n": 1}) == Written(1, COUNT + 1)
    assert client.update({key: {"n": 2}}) == Written(1, COUNT + 1)
    assert client.item(key).metadata == {"n": 2}
    assert client.remove(key) == Written(1, COUNT)
    with pytest.raises(NotFoundError):
        client.item(key)


def test_what_is_added_is_what_the_model_sees(client: Client, gallery: str, embedder: Embedder, images: Path):
    cutout = Cutout((images / key_of(1)).read_bytes(), (0, 0, 30, 40))
    metadata: dict[str, Any] = {"price": np.float32(2.5), "tags": ["new"]}
    items = [
        NewItem("whole", images / key_of(0), metadata, lacks=["neckline"]),
        NewItem("part", cutout),
    ]
    assert client.add(items) == Written(2, COUNT + 2)
    with Matcher.open(gallery, read_only=True) as stored:
        whole, part = stored.get("whole"), stored.get("part")
    assert dict(whole.metadata) == {"price": 2.5, "tags": ["new"]}
    assert whole.lacks == {"neckline"}
    np.testing.assert_allclose(
        part.embeddings.vectors, embedder.embed(cutout).vectors, rtol=0, atol=1e-6
    )  # batches of other sizes
    assert client.item("whole").lacks == {"neckline"}


def test_many_items_are_several_requests(client: Client, gallery: str, images: Path):
    photo = (images / key_of(0)).read_bytes()
    assert client.add(NewItem(f"new {n}", photo) for n in range(40)) == Written(40, COUNT + 40)
    assert client.update({f"new {n}": {"n": n} for n in range(40)}) == Written(40, COUNT + 40)
    assert [item.metadata["n"] for item in client.items(where="n >= 0")] == list(range(40))
    assert client.remove(f"new {n}" for n in range(40)) == Written(40, COUNT)


def test_portions_hold_no_more_than_one_request_may(images: Path):
    photo = (images / key_of(0)).read_bytes()
    size = len(photo) + len('["a", {}]')
    items = [NewItem("a", photo)] * 40
    assert [len(call.files) for call in item_calls.additions(items, False, 10**9)] == [16, 16, 8]
    assert [len(call.files) for call in item_calls.additions(items[:7], False, 3 * size)] == [3, 3, 1]
    assert [len(call.files) for call in item_calls.additions(items[:3], False, 1)] == [1, 1, 1]
    changes = {str(n): {"n": n} for n in range(2500)}
    counts = [len(call.fields["changes"]) for call in item_calls.updates(changes, 10**9) if call.fields]
    assert counts == [1000, 1000, 500]
    by_bytes = [call.fields["changes"] for call in item_calls.updates(changes, 1000) if call.fields]
    assert {key: change for part in by_bytes for key, change in part.items()} == changes
    assert max(sum(len(f'["{key}", {{"n": {key}}}]') for key in part) for part in by_bytes) <= 1000
    keys = [str(n) for n in range(20_001)]
    assert [len(call.fields["keys"]) for call in item_calls.removals(keys, 10**9) if call.fields] == [10_000] * 2 + [1]


def test_each_request_of_many_writes_all_or_none(client: Client, images: Path):
    photo = (images / key_of(0)).read_bytes()
    items = [NewItem(f"new {n}", photo) for n in range(20)] + [NewItem("bad", b"no photo")]
    with pytest.raises(InvalidRequestError) as caught:
        client.add(items)
    assert caught.value.kind == "photo"
    assert caught.value.__notes__ == ["before it 16 items were written, which stay so"]
    assert client.page().count == COUNT + 16
    with pytest.raises(ImageError, match="no such photo") as unread:
        client.add([*items[:17], NewItem("unread", "no such photo")], replace=True)
    assert unread.value.__notes__ == ["before it 16 items were written, which stay so"]


def test_a_key_that_is_stored_is_a_conflict_unless_it_is_replaced(client: Client, images: Path):
    item = NewItem(key_of(0), images / key_of(1), {"price": 1})
    with pytest.raises(ConflictError, match="already in the gallery"):
        client.add([item])
    assert client.add([item], replace=True) == Written(1, COUNT)
    assert client.item(key_of(0)).metadata == {"price": 1}


def test_what_is_no_item_is_not_sent(client: Client, images: Path):
    with pytest.raises(TypeError, match="an item is str; expected NewItem"):
        client.add(["a"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="no item is given"):
        client.add([])
    with pytest.raises(ValueError, match="not JSON compliant"):
        client.put("a", images / key_of(0), metadata={"price": float("nan")})
    with pytest.raises(TypeError, match="got set; expected JSON"):
        client.update({"a": {"tags": {"new"}}})  # type: ignore[dict-item]
    with pytest.raises(NotFoundError, match="no item has the key 'a'"):
        client.update({"a": {}})
    with pytest.raises(NotFoundError, match="no item has the key 'a'"):
        client.remove(["a", key_of(0)])
    assert client.page().count == COUNT


def test_a_gallery_that_is_read_only_is_not_changed(reader: Client, images: Path):
    with pytest.raises(ConflictError, match="read only"):
        reader.put("a", images / key_of(0))


def test_a_request_that_is_too_large_says_how_large_it_may_be(
    start: Callable[..., str], settings: Settings, images: Path
):
    address = start(limits=replace(settings.limits, body_bytes=5000))
    with Client(address) as client, pytest.raises(InvalidRequestError, match="expected up to 5000") as caught:
        client.put("a", bytes(10_000))
    assert caught.value.status == 413


def test_the_bundle_is_read_again(client: Client):
    client.reload()
    assert client.ready()


def test_a_bundle_that_does_not_fit_is_a_conflict(client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    moved = settings.bundle.with_name("moved")
    settings.bundle.rename(moved)
    try:
        with pytest.raises(ConflictError, match="the old one goes on"):
            client.reload()
        assert issubclass(ConflictError, ServiceError)
        assert client.search(key=key_of(0), by="sleeve").matches
    finally:
        moved.rename(settings.bundle)
