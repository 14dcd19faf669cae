"""What is written over HTTP is in the gallery, all of it or nothing, and the audit says who did it."""

import base64
import json
import stat
from pathlib import Path

import numpy as np
import pytest

from fashionsdk.search import Matcher
from fashionsdk.service import hashed
from tests.sdk.service.conftest import COUNT, entry, photo_name

NESTED = 32  # levels of metadata that are taken


def new_item(photo: bytes, key: str, **more) -> dict:
    return {"key": key, "photo": base64.b64encode(photo).decode(), **more}


def stored(gallery: str) -> Matcher:
    return Matcher.open(gallery, read_only=True)


def test_an_added_item_is_found_by_its_photo_and_kept(shop, photo, gallery, embedder):
    asked = {"items": [new_item(photo, "new.png", metadata={"price": 7}, lacks=["sleeve"])]}
    answer = shop.post("/v1/items", json=asked)
    assert (answer.status_code, answer.json()) == (200, {"written": 1, "count": COUNT + 1})
    best = shop.post("/v1/search", json={"key": photo_name(0), "by": "neckline", "k": 2}).json()["matches"]
    assert {match["key"] for match in best} == {photo_name(0), "new.png"}
    with stored(gallery) as matcher:
        item = matcher.get("new.png")
        np.testing.assert_allclose(item.embeddings["colour"], embedder.embed(photo)["colour"], rtol=0, atol=1e-6)
        assert (dict(item.metadata), sorted(item.lacks)) == ({"price": 7}, ["sleeve"])


def test_several_items_come_in_one_form(shop, photo, images):
    other = (images / photo_name(4)).read_bytes()
    asked = {"items": [{"key": "a", "photo": "one"}, {"key": "b", "photo": "two", "metadata": {"price": 1}}]}
    answer = shop.post("/v1/items", files={"one": photo, "two": other}, data={"query": json.dumps(asked)})
    assert answer.json() == {"written": 2, "count": COUNT + 2}
    assert shop.get("/v1/items/b").json()["metadata"] == {"price": 1}


def test_of_several_items_with_one_bad_photo_none_is_written(shop, photo):
    answer = shop.post("/v1/items", json={"items": [new_item(photo, "good"), new_item(b"no photo", "bad")]})
    assert (answer.status_code, answer.json()["title"]) == (422, "The photo cannot be read")
    assert shop.get("/v1/items/good").status_code == 404


def test_a_key_that_is_taken_is_a_conflict_unless_it_shall_be_replaced(shop, photo):
    asked = {"items": [new_item(photo, photo_name(3), metadata={"price": 1})]}
    assert shop.post("/v1/items", json=asked).status_code == 409
    assert shop.get(f"/v1/items/{photo_name(3)}").json()["metadata"] == entry(3)
    assert shop.post("/v1/items", json={**asked, "replace": True}).json() == {"written": 1, "count": COUNT}
    assert shop.get(f"/v1/items/{photo_name(3)}").json()["metadata"] == {"price": 1}


def test_an_item_is_put_at_its_path(shop, photo):
    path = "/v1/items/season/summer dress.png"
    first = shop.put(path, files={"photo": photo}, data={"metadata": '{"price": 5}'})
    again = shop.put(path, json={"photo": base64.b64encode(photo).decode(), "metadata": {"price": 6}})
    assert [first.json(), again.json()] == [{"written": 1, "count": COUNT + 1}] * 2
    assert shop.get(path).json() == {
        "key": "season/summer dress.png",
        "metadata": {"price": 6},
        "lacks": [],
        "picture": False,
    }


@pytest.mark.parametrize("path", ["/v1/items/", "/v1/items/" + "k" * 1001, "/v1/items/a%00b", "/v1/items/a%1bb"])
def test_a_key_that_no_path_or_database_can_hold_is_refused(shop, photo, path):
    answer = shop.put(path, files={"photo": photo})
    assert answer.status_code == 422
    assert [said["field"] for said in answer.json()["errors"]] == ["key"]


def test_metadata_are_changed_field_by_field(shop):
    changes = {photo_name(1): {"price": 3, "sale": True}, photo_name(2): {"brand": None}}
    assert shop.patch("/v1/items", json={"changes": changes}).json() == {"written": 2, "count": COUNT}
    assert shop.get(f"/v1/items/{photo_name(1)}").json()["metadata"] == {**entry(1), "price": 3, "sale": True}
    missing = shop.patch("/v1/items", json={"changes": {photo_name(1): {"price": 9}, "gone": {"price": 9}}})
    assert (missing.status_code, missing.json()["detail"]) == (404, "no item has the key 'gone'")
    assert shop.get(f"/v1/items/{photo_name(1)}").json()["metadata"]["price"] == 3


def test_items_are_removed_one_or_several_all_or_none(shop):
    assert shop.delete(f"/v1/items/{photo_name(0)}").json() == {"written": 1, "count": COUNT - 1}
    assert shop.delete(f"/v1/items/{photo_name(0)}").status_code == 404
    assert shop.post("/v1/removals", json={"keys": [photo_name(1), "gone"]}).status_code == 404
    assert shop.get(f"/v1/items/{photo_name(1)}").status_code == 200
    assert shop.post("/v1/removals", json={"keys": [photo_name(1), photo_name(2)]}).json()["count"] == COUNT - 3


def nested(levels: int):
    value: object = "end"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "metadata",
    [
        '{"name": "\\ud800"}',
        '{"\\udfff": 1}',
        '{"names": ["ok", {"deep": "\\ud800"}]}',
        json.dumps({"a": nested(NESTED)}),
        '{"price": 1e999}',
        "[]",
    ],
)
def test_metadata_that_could_not_be_answered_are_not_stored(shop, photo, metadata):
    body = json.dumps({"items": [new_item(photo, "new")]})[:-3] + f', "metadata": {metadata}' + "}]}"
    answer = shop.post("/v1/items", content=body.encode(), headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert shop.get("/v1/items/new").status_code == 404
    assert shop.get("/v1/items").status_code == 200


def test_metadata_at_the_limit_come_back_as_they_are(shop, photo):
    metadata = {"a": nested(NESTED - 2), "name": "Größe 36 🎽 \u0000", "big": 10**300, "price": 0.1}
    assert shop.post("/v1/items", json={"items": [new_item(photo, "new", metadata=metadata)]}).status_code == 200
    assert shop.get("/v1/items/new").json()["metadata"] == metadata


def test_a_gallery_with_a_file_name_that_is_no_unicode_is_answered(start, photo, tmp_path, embedder, gallery):
    with Matcher.open(gallery) as matcher:
        matcher.add(["caf\udce9.png"], embedder.embed(photo), [{"path": "caf\udce9.png"}])
    shop = start()
    assert shop.get("/v1/items").json()["items"][-1]["key"] == "caf\udce9.png"
    answer = shop.post("/v1/search", json={"key": photo_name(0), "by": "neckline"})
    assert "caf\udce9.png" in [match["key"] for match in answer.json()["matches"]]


def test_a_gallery_that_is_served_read_only_is_not_changed(start, photo):
    shop = start(read_only=True)
    for answer in (
        shop.put("/v1/items/new", files={"photo": photo}),
        shop.post("/v1/items", json={"items": [new_item(photo, "new")]}),
        shop.patch("/v1/items", json={"changes": {photo_name(0): {"price": 1}}}),
        shop.post("/v1/removals", json={"keys": [photo_name(0)]}),
        shop.delete(f"/v1/items/{photo_name(0)}"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:fashionsdk:problem:conflict")
    assert shop.get("/v1/items").json()["count"] == COUNT


def test_a_gallery_in_a_file_is_read_only(start, photo, matcher, tmp_path):
    matcher.save(tmp_path / "shop.gallery")
    shop = start(gallery=str(tmp_path / "shop.gallery"))
    assert shop.put("/v1/items/new", files={"photo": photo}).status_code == 409
    assert shop.get("/v1/items").json()["count"] == COUNT


def test_every_write_is_in_the_audit_with_who_what_and_how_it_ended(start, photo, tmp_path):
    keys = tmp_path / "keys.txt"
    keys.write_text(f"importer write {hashed('secret')}\n")
    audit = tmp_path / "audit.jsonl"
    shop = start(keys=keys, audit=audit)
    named = {"headers": {"authorization": "Bearer secret", "x-request-id": "run-1"}}
    shop.put("/v1/items/new", files={"photo": photo}, **named)
    shop.post("/v1/items", json={"items": [new_item(photo, "new")]}, **named)
    shop.patch("/v1/items", json={"changes": {"new": {"price": 1}}}, **named)
    shop.delete("/v1/items/gone", **named)
    shop.post("/v1/removals", json={"keys": ["new"]}, **named)
    shop.get("/v1/items", **named)
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [(line["action"], line["keys"], line["outcome"]) for line in lines] == [
        ("put", ["new"], "written"),
        ("add", ["new"], "invalid"),
        ("update", ["new"], "written"),
        ("remove", ["gone"], "not-found"),
        ("remove", ["new"], "written"),
    ]
    assert {(line["caller"], line["request_id"], line["count"]) for line in lines} == {("importer", "run-1", 1)}
    assert stat.S_IMODE(audit.stat().st_mode) == 0o600
    assert "secret" not in audit.read_text()


def test_a_write_that_fails_for_no_known_reason_is_in_the_audit(start, tmp_path, monkeypatch):
    audit = tmp_path / "audit.jsonl"
    shop = start(audit=audit)

    def broken(keys):
        raise RuntimeError("a fault")

    monkeypatch.setattr(shop.service.gallery, "remove", broken)
    assert shop.delete(f"/v1/items/{photo_name(0)}").status_code == 500
    assert json.loads(audit.read_text())["outcome"] == "internal"


def test_a_write_that_cannot_be_recorded_is_not_acknowledged(start, photo, tmp_path):
    shop = start(audit=Path("/dev/full"))
    assert shop.delete(f"/v1/items/{photo_name(0)}").status_code == 500
