"""What callers try who mean no good."""

import io
import json
import logging
import struct
import zlib

import pytest
from PIL import Image

from tests.sdk.service.conftest import COUNT, photo_name

SCRIPT = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "key",
    [
        "../keys.txt",
        "deep/../../keys.txt",
        "..%2Fkeys.txt",
        "%2Fetc%2Fpasswd",
        "/etc/passwd",
        "deep%2F..%2F..%2Fkeys.txt",
        "%00",
        "C:%5Cwindows%5Cwin.ini",
    ],
)
def test_a_key_leads_to_no_file_but_an_items_photo(shop, images, key):
    (images.parent / "keys.txt").write_text("secret")
    answer = shop.get(f"/v1/pictures/{key}")
    assert answer.status_code in (404, 422)
    assert "secret" not in answer.text


def test_an_item_whose_key_leads_out_of_the_folder_has_no_picture(shop, photo, images):
    Image.new("RGB", (8, 8)).save(images.parent / "private.png")
    asked = {"items": [{"key": "../private.png", "photo": "photo"}]}
    assert shop.post("/v1/items", files={"photo": photo}, data={"query": json.dumps(asked)}).status_code == 200
    page = shop.get("/v1/items", params={"limit": 100}).json()["items"]
    assert [item["picture"] for item in page if item["key"] == "../private.png"] == [False]


def test_a_file_that_is_a_page_as_well_comes_back_as_pixels_alone(start, shop, photo, images):
    polyglot = io.BytesIO()
    Image.new("RGB", (40, 40), "red").save(polyglot, "JPEG", comment=SCRIPT.encode())
    path = images / "polyglot.jpg"
    path.write_bytes(polyglot.getvalue() + SCRIPT.encode())
    try:
        shop.put("/v1/items/polyglot.jpg", files={"photo": path.read_bytes()})
        answer = shop.get("/v1/pictures/polyglot.jpg")
    finally:
        path.unlink()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert SCRIPT.encode() not in answer.content
    assert answer.headers["x-content-type-options"] == "nosniff"


def png_bomb(side: int) -> bytes:
    """Return a PNG file of some kilobytes that unpacks to ``side`` squared pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packed = zlib.compressobj(9)
    rows = b"".join(packed.compress(bytes(1 + 3 * side)) for _ in range(side)) + packed.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [10_000, 30_000])
def test_a_small_file_of_very_many_pixels_is_no_photo(shop, side):
    head = png_bomb(16)
    bomb = (
        head[:16]
        + struct.pack(">II", side, side)
        + head[24:29]
        + struct.pack(">I", zlib.crc32(head[12:16] + struct.pack(">II", side, side) + head[24:29]))
        + head[33:]
    )
    answer = shop.post("/v1/embed", files={"photo": bomb})
    assert (answer.status_code, answer.json()["title"]) == (422, "The photo cannot be read")


def test_a_whole_bomb_is_refused_by_its_size(shop):
    answer = shop.post("/v1/embed", files={"photo": png_bomb(9_500)})
    assert answer.status_code == 422
    assert "pixels" in answer.json()["detail"]


@pytest.mark.parametrize(
    "data", [b"%PDF-1.7", b"<svg onload=alert(1)>", b"GIF89a", b"\0" * 100, b"\xff\xd8\xff", b"BM"]
)
def test_what_is_no_photo_is_told_so(shop, data):
    assert shop.post("/v1/embed", files={"photo": ("x.jpg", data, "image/jpeg")}).status_code == 422


@pytest.mark.parametrize(
    "where",
    [
        "1=1; DROP TABLE items",
        "price = 1 OR 1=1",
        "price <= '1' UNION SELECT 1",
        "price) or (1=1",
        "`price' or '1'='1` = 1",
        "brand = 'x\\' or 1=1 --'",
    ],
)
def test_a_filter_is_read_and_never_run(shop, where):
    answer = shop.post("/v1/search", json={"key": photo_name(0), "by": "neckline", "where": where, "k": 100})
    assert answer.status_code in (200, 422)
    assert answer.status_code == 422 or answer.json()["matches"] == []
    assert shop.get("/v1/items").json()["count"] == COUNT


def test_script_in_metadata_keys_and_file_names_is_json_and_nothing_else(shop, photo):
    asked = {"items": [{"key": SCRIPT, "photo": SCRIPT, "metadata": {SCRIPT: SCRIPT}}]}
    files = {SCRIPT: (SCRIPT, photo, SCRIPT)}
    assert shop.post("/v1/items", files=files, data={"query": json.dumps(asked)}).status_code == 200
    answer = shop.get("/v1/items", params={"limit": 100})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert {"key": SCRIPT, "metadata": {SCRIPT: SCRIPT}}.items() <= answer.json()["items"][-1].items()


@pytest.mark.parametrize("path", ["/", "/v1/attributes", "/nothing", "/v1/items/none"])
def test_every_answer_has_the_headers_that_keep_browsers_safe(shop, path):
    headers = shop.get(path).headers
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-request-id"]


def test_a_fault_says_its_number_and_nothing_of_the_inside(shop, photo, monkeypatch, caplog):
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the password is hunter2 in /srv/secret")

    monkeypatch.setattr(shop.service.gallery, "search", fails)
    answer = shop.post("/v1/search", files={"photo": photo}, data={"by": "neckline"})
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert not {word for word in ("hunter2", "secret", "Traceback", ".py") if word in answer.text}
    assert "hunter2" in caplog.text


def test_the_log_has_no_photo_key_or_word_of_a_caller(shop, photo, caplog):
    caplog.set_level(logging.INFO, "fashionsdk.service.requests")
    shop.get(f"/v1/items/{SCRIPT}", headers={"Authorization": "Bearer fsk_secret", "X-Request-Id": f"a\n{SCRIPT}"})
    shop.post("/v1/search", json={"key": "my-own-words"})
    assert not {word for word in ("fsk_secret", SCRIPT, "my-own-words") if word in caplog.text}


def test_a_number_of_the_request_is_taken_over_if_it_is_plain(shop):
    assert shop.get("/healthz", headers={"X-Request-Id": "order-17"}).headers["x-request-id"] == "order-17"
    assert shop.get("/healthz", headers={"X-Request-Id": "a" * 200}).headers["x-request-id"] != "a" * 200


def test_a_caller_waits_no_longer_than_it_says(shop, photo, monkeypatch):
    import time

    monkeypatch.setattr(shop.service.gallery, "search", lambda **_: time.sleep(1))
    ask = {"files": {"photo": photo}, "data": {"by": "neckline"}}
    answer = shop.post("/v1/search", **ask, headers={"Request-Timeout": "0.2"})
    assert answer.status_code == 504
    for wrong in ("soon", "-1", "nan", "inf"):
        assert shop.post("/v1/search", **ask, headers={"Request-Timeout": wrong}).status_code == 400


def test_too_many_photos_at_once_are_told_when_to_come_back(start, photo):
    from dataclasses import replace

    from fashionsdk.service import Limits

    shop = start(limits=replace(Limits(), waiting=2))
    asked = {"items": [{"key": str(n), "photo": f"p{n}"} for n in range(4)]}
    files = {f"p{n}": photo for n in range(4)}
    answer = shop.post("/v1/items", files=files, data={"query": json.dumps(asked)})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1


def test_a_form_is_refused_unread_when_no_photo_can_be_admitted_and_other_questions_are_answered(shop, photo):
    held = shop.service.limits.waiting
    shop.service.admission.waiting += held
    try:
        answer = shop.post("/v1/search", files={"photo": photo}, data={"by": "neckline"})
        assert answer.status_code == 429
        assert "server-timing" not in answer.headers  # nothing of it was read
        assert shop.get("/v1/attributes").status_code == 200
    finally:
        shop.service.admission.waiting -= held
    assert shop.post("/v1/search", files={"photo": photo}, data={"by": "neckline"}).status_code == 200


def test_an_answer_says_how_long_its_stages_took(shop, photo):
    answer = shop.post("/v1/search", files={"photo": photo}, data={"by": "neckline"})
    stages = dict(part.split(";dur=") for part in answer.headers["server-timing"].split(", "))
    assert list(stages) == ["read", "embed", "search"]
    assert all(0 <= float(milliseconds) < 60_000 for milliseconds in stages.values())
