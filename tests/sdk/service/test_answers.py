"""What the service answers is what `Embedder` and `Matcher` answer when they are called directly."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from PIL import Image

from fashionsdk import Cutout
from fashionsdk.bundle import Bundle
from fashionsdk.embedding import predictions
from fashionsdk.search import Example, field, parse_condition
from tests.sdk.service.conftest import COUNT, entry, photo_name

ATOL = 1e-6  # a photo's vectors are the same numbers in a batch of another size, but for rounding


def text_of(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


def found(answer) -> list[tuple[str, float]]:
    assert answer.status_code == 200, answer.text
    return [(match["key"], match["score"]) for match in answer.json()["matches"]]


def expected(matches) -> list[tuple[str, object]]:
    return [(match.key, pytest.approx(match.score, abs=ATOL)) for match in matches[0]]


def test_a_photo_is_embedded_as_by_the_embedder(shop, photo, embedder):
    answer = shop.post("/v1/embed", files={"photo": photo}).json()
    assert answer["model"] == embedder.model
    direct = embedder.embed(photo)
    assert list(answer["embeddings"]) == list(direct.attributes)
    for name, vector in answer["embeddings"].items():
        np.testing.assert_allclose(vector, direct[name][0], rtol=0, atol=ATOL)


def test_json_and_forms_say_the_same(shop, photo):
    chosen = {"attributes": ["sleeve", "colour"], "box": [5, 10, 50, 70]}
    as_json = shop.post("/v1/embed", json={"photo": text_of(photo), **chosen})
    as_fields = shop.post(
        "/v1/embed", files={"photo": photo}, data={"attributes": ["sleeve", "colour"], "box": "5,10,50,70"}
    )
    as_query = shop.post("/v1/embed", files={"x": photo}, data={"query": json.dumps({"photo": "x", **chosen})})
    assert as_json.status_code == 200
    assert list(as_json.json()["embeddings"]) == ["sleeve", "colour"]
    assert as_json.json() == as_fields.json() == as_query.json()


def test_a_box_is_a_garment_of_the_photo(shop, photo, embedder):
    answer = shop.post("/v1/embed", files={"photo": photo}, data={"box": "5,10,50,70"}).json()
    direct = embedder.embed(Cutout(photo, (5, 10, 50, 70)))
    np.testing.assert_allclose(answer["embeddings"]["colour"], direct["colour"][0], rtol=0, atol=ATOL)


def test_many_callers_at_once_get_what_each_asked_for(shop, images, embedder):
    names = [photo_name(index) for index in range(COUNT)] * 4
    requests = [("POST", "/v1/embed", {"files": {"photo": (images / name).read_bytes()}}) for name in names]
    for name, answer in zip(names, shop.together(requests), strict=True):
        direct = embedder.embed(images / name)["sleeve"][0]
        np.testing.assert_allclose(answer.json()["embeddings"]["sleeve"], direct, rtol=0, atol=ATOL)
    assert "fashionsdk_batch_photos_sum 48.0" in shop.get("/metrics").text


def test_a_search_by_a_photo_answers_as_the_matcher(shop, photo, embedder, matcher):
    by = {"neckline": 0.7, "colour": -0.2}
    answer = shop.post("/v1/search", json={"photo": text_of(photo), "by": by, "k": 5})
    direct = matcher.search(embedder.embed(photo), by=by, k=5)
    assert found(answer) == expected(direct)
    first = answer.json()["matches"][0]
    assert first["metadata"] == dict(direct[0][0].metadata)
    assert first["scores"] == {name: pytest.approx(value, abs=ATOL) for name, value in direct[0][0].scores.items()}
    assert first["picture"] is True
    assert answer.json()["attributes"] == ["neckline", "colour"]


@pytest.mark.parametrize(
    ("asked", "arguments"),
    [
        ({"key": photo_name(3), "by": "sleeve"}, {"keys": photo_name(3), "by": "sleeve"}),
        ({"value": "neckline=v"}, {"value": {"neckline": "v"}}),
        ({"value": {"neckline": "round", "sleeve": "long"}}, {"value": {"neckline": "round", "sleeve": "long"}}),
        (
            {"key": photo_name(2), "change": "neckline=v", "by": ["neckline", "sleeve=2"]},
            {"keys": photo_name(2), "change": {"neckline": "v"}, "by": {"neckline": 1.0, "sleeve": 2.0}},
        ),
        (
            {"key": photo_name(1), "by": "colour", "where": "price >= 50 and brand != 'red'"},
            {"keys": photo_name(1), "by": "colour", "where": parse_condition("price >= 50 and brand != 'red'")},
        ),
        (
            {"key": photo_name(1), "by": "colour", "group_by": "brand", "exclude_self": True},
            {"keys": photo_name(1), "by": "colour", "group_by": "brand", "exclude_self": True},
        ),
        (
            {"key": photo_name(1), "by": "colour", "exclude": [photo_name(2), photo_name(3)], "least": 0.1},
            {"keys": photo_name(1), "by": "colour", "exclude": [[photo_name(2), photo_name(3)]], "least": 0.1},
        ),
        (
            {"key": photo_name(1), "by": "colour", "exclude_same": "brand", "own": photo_name(1), "require": "all"},
            {"keys": photo_name(1), "by": "colour", "exclude_same": "brand", "own": photo_name(1), "require": "all"},
        ),
    ],
)
def test_every_way_to_ask_reaches_the_matcher(shop, matcher, asked, arguments):
    assert found(shop.post("/v1/search", json={**asked, "k": 4})) == expected(matcher.search(**arguments, k=4))


def test_examples_are_asked_together(shop, photo, images, embedder, matcher):
    other = (images / photo_name(5)).read_bytes()
    examples = [
        {"photo": "first", "by": {"neckline": 1.0}},
        {"photo": "second", "by": {"colour": -0.5}, "box": [0, 0, 30, 30]},
        {"key": photo_name(7), "by": {"sleeve": 0.5}},
        {"value": {"neckline": "v"}},
    ]
    asked = {"query": json.dumps({"examples": examples, "k": 6})}
    answer = shop.post("/v1/search", files={"first": photo, "second": other}, data=asked)
    direct = matcher.search(
        [
            Example(embedder.embed(photo), {"neckline": 1.0}),
            Example(embedder.embed(Cutout(other, (0, 0, 30, 30))), {"colour": -0.5}),
            Example(keys=photo_name(7), by={"sleeve": 0.5}),
            Example(value={"neckline": "v"}),
        ],
        k=6,
    )
    assert found(answer) == expected(direct)


def test_pages_follow_each_other_to_the_end(shop, matcher):
    whole = expected(matcher.search(keys=photo_name(0), by="sleeve", k=COUNT))
    pages, offset = [], 0
    while offset is not None:
        answer = shop.post("/v1/search", json={"key": photo_name(0), "by": "sleeve", "k": 5, "offset": offset})
        pages += found(answer)
        offset = answer.json()["next_offset"]
    assert pages == whole


def test_another_searchs_results_are_put_in_order(shop, photo, embedder, matcher):
    keys = [photo_name(index) for index in (8, 3, 5, 1)]
    answer = shop.post("/v1/rerank", json={"photo": text_of(photo), "keys": keys, "attribute": "colour", "k": 3})
    assert found(answer) == expected(matcher.rerank(embedder.embed(photo), keys, attribute="colour", k=3))
    unknown = {"photo": text_of(photo), "keys": ["gone", *keys], "attribute": "colour"}
    assert shop.post("/v1/rerank", json=unknown).status_code == 422
    skipped = shop.post("/v1/rerank", json={**unknown, "unknown": "skip"})
    assert [key for key, _ in found(skipped)] == [
        match.key for match in matcher.rerank(embedder.embed(photo), keys, attribute="colour")[0]
    ]


def test_values_are_predicted_as_by_the_embedder(shop, photo, embedder):
    answer = shop.post("/v1/predict", json={"photo": text_of(photo)}).json()
    (direct,) = embedder.predict(photo)
    assert set(answer["predictions"]) == set(direct)
    for name, said in direct.items():
        assert answer["predictions"][name]["value"] == said.value
        assert answer["predictions"][name]["probability"] == pytest.approx(said.probability, abs=1e-4)
        assert list(answer["predictions"][name]["probabilities"]) == list(said.probabilities)
    sure = shop.post("/v1/predict", json={"photo": text_of(photo), "attributes": "sleeve", "unknown_below": 1}).json()
    assert {name: each["value"] for name, each in sure["predictions"].items()} == {"sleeve": None}


def test_notes_name_attributes_that_the_photo_probably_lacks(shop, photo, embedder):
    answer = shop.post("/v1/search", json={"photo": text_of(photo), "by": "neckline"}).json()
    (said,) = predictions(embedder.embed(photo))
    assert bool(answer["notes"]) == said["neckline"].absent


def test_attention_is_drawn_on_the_photo(shop, photo):
    answer = shop.post("/v1/attention", files={"photo": photo}, data={"attribute": "sleeve", "side": "64"})
    assert answer.headers["content-type"] == "image/png"
    drawn = Image.open(io.BytesIO(answer.content))
    assert (drawn.format, drawn.size) == ("PNG", (48, 64))
    plain = Image.open(io.BytesIO(photo)).convert("RGB").resize((48, 64))
    assert not np.array_equal(np.asarray(drawn), np.asarray(plain))


def test_an_items_picture_is_its_photo_made_small(shop, images):
    answer = shop.get(f"/v1/pictures/{photo_name(1)}", params={"side": 40})
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "private, max-age=300"
    drawn = Image.open(io.BytesIO(answer.content))
    assert (drawn.format, drawn.size) == ("JPEG", (30, 40))
    with Image.open(images / photo_name(1)) as whole:
        colours = np.asarray(whole.convert("RGB").resize((30, 40), Image.Resampling.LANCZOS), float)
    assert np.abs(np.asarray(drawn, float) - colours).mean() < 10
    attended = shop.get(f"/v1/pictures/{photo_name(1)}", params={"side": 40, "attribute": "sleeve"})
    assert attended.headers["content-type"] == "image/png"


def test_items_are_listed_in_the_gallerys_order_page_by_page(shop):
    first = shop.get("/v1/items", params={"limit": 5}).json()
    assert (first["count"], first["next_offset"]) == (COUNT, 5)
    assert [item["key"] for item in first["items"]] == [photo_name(index) for index in range(5)]
    assert first["items"][3] == {"key": photo_name(3), "metadata": entry(3), "lacks": [], "picture": True}
    last = shop.get("/v1/items", params={"limit": 5, "offset": 10}).json()
    assert ([item["key"] for item in last["items"]], last["next_offset"]) == ([photo_name(10), photo_name(11)], None)


def test_items_that_meet_a_condition_are_listed(shop, matcher):
    answer = shop.get("/v1/items", params={"where": "brand = 'red' and price > 20"}).json()
    direct = [key for key, _ in matcher.entries((field("brand") == "red") & (field("price") > 20))]
    assert [item["key"] for item in answer["items"]] == direct == [photo_name(index) for index in (3, 6, 9)]
    wrong = shop.get("/v1/items", params={"where": "price >"})
    assert (wrong.status_code, wrong.json()["title"]) == (422, "The request does not say what is expected")


def test_one_item_is_found_by_its_key_and_others_are_not_there(shop):
    assert shop.get(f"/v1/items/{photo_name(3)}").json()["metadata"] == entry(3)
    missing = shop.get("/v1/items/nobody.png")
    assert (missing.status_code, missing.json()["detail"]) == (404, "no item has the key 'nobody.png'")


def test_attributes_say_what_can_be_asked(shop, embedder):
    answer = shop.get("/v1/attributes").json()
    assert (answer["model"], answer["attention"]) == (embedder.model, True)
    told = {each["name"]: (each["values"], each["dimension"], each["predicted"]) for each in answer["attributes"]}
    assert told == {
        "neckline": (["round", "v"], 8, True),
        "sleeve": (["short", "long", "none"], 8, True),
        "colour": (["red", "blue"], 8, False),
    }


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"key": "a", "value": {"neckline": "v"}},
        {"photo": "", "by": "neckline"},
        {"key": photo_name(0), "by": "length"},
        {"key": photo_name(0)},
        {"key": photo_name(0), "by": {"neckline": 0}},
        {"key": photo_name(0), "by": {"neckline": 1e308}},
        {"key": photo_name(0), "by": "neckline", "least": 1e300},
        {"key": photo_name(0), "by": "neckline", "k": 0},
        {"key": photo_name(0), "by": "neckline", "k": 1000, "offset": 1},
        {"key": photo_name(0), "by": "neckline", "where": "price"},
        {"key": "gone", "by": "neckline"},
        {"value": {"neckline": "boat"}},
        {"value": "neckline"},
        {"key": photo_name(0), "by": ["neckline", "neckline"]},
        {"key": photo_name(0), "by": "neckline", "colour": "red"},
        {"examples": []},
        {"examples": [{"by": "neckline"}]},
        {"photo": "%%%", "by": "neckline"},
        {"photo": "aGVsbG8=", "by": "neckline"},
    ],
)
def test_a_question_with_a_mistake_is_told_what_is_wrong(shop, asked):
    answer = shop.post("/v1/search", json=asked)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == 422
    assert said["detail"]
    assert said["request_id"] == answer.headers["x-request-id"]


@pytest.fixture
def without_maps(tmp_path, tiny_model, manifest, reference):
    """A bundle whose model says nothing of where it looks, with the vectors of the other."""
    graph = tiny_model.graph()
    del graph.graph.output[1]
    onnx.save(graph, tmp_path / "plain.onnx")
    return Bundle.write(
        tmp_path / "plain",
        manifest=replace(manifest, attention_shape=None),
        graphs={"model.fp32.onnx": tmp_path / "plain.onnx"},
        reference=replace(reference, attention=None),
    ).path


def test_who_wants_maps_that_a_model_lacks_spoils_nobody_elses_batch(start, without_maps, photo):
    shop = start(bundle=without_maps)
    plain = ("POST", "/v1/embed", {"files": {"photo": photo}})
    mapped = ("POST", "/v1/attention", {"files": {"photo": photo}, "data": {"attribute": "sleeve"}})
    answers = shop.together([plain, mapped, plain, mapped, plain])
    assert [answer.status_code for answer in answers] == [200, 422, 200, 422, 200]
    assert answers[1].json()["detail"] == "this model has no attention maps"


def test_attention_for_an_unknown_attribute_names_those_that_are_known(shop, photo):
    answer = shop.post("/v1/attention", files={"photo": photo}, data={"attribute": "length"})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "unknown attribute 'length'; expected neckline, sleeve, colour",
    )
