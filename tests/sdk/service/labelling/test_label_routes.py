"""Labels over HTTP: what is asked, who may decide, and that nobody's decision is lost."""

import io
import json

import pytest
from PIL import Image

from fashionsdk.labels import read_corrections
from fashionsdk.service import hashed, new_key
from tests.sdk.service.conftest import COUNT, photo_name


def decide(shop, tag, *decisions, **arguments):
    asked = {"decisions": [{"question": number, "correct": correct} for number, correct in decisions]}
    headers = arguments.pop("headers", {}) | ({} if tag is None else {"If-Match": tag})
    return shop.post("/v1/labels/decisions", json=asked, headers=headers, **arguments)


def test_suspects_are_shown_worst_first(labels):
    answer = labels.get("/v1/labels/questions").json()
    assert (answer["count"], answer["next_offset"]) == (2, None)
    first = answer["questions"][0]
    assert (first["photo"], first["label"], first["suggestion"], first["doubt"]) == (3, "round", "v", 0.9)
    assert (first["decided"], first["probability"]) == (None, None)


def test_photos_without_a_label_come_with_what_the_model_sees(labels, embedder, images):
    from fashionsdk.embedding import predictions

    answer = labels.get("/v1/labels/questions", params={"kind": "unlabelled", "limit": 3}).json()
    assert (answer["count"], answer["next_offset"]) == (4, 3)
    for each in answer["questions"]:
        said = predictions(embedder.embed(images / photo_name(each["photo"])))[0]["neckline"]
        assert each["suggestion"] == said.value
        assert each["probability"] == pytest.approx(said.probability, abs=1e-5)


def test_decisions_are_counted_written_and_left_out_afterwards(labels, files):
    state = labels.get("/v1/labels")
    assert state.json()["progress"] == [
        {"kind": "suspect", "count": 2, "decided": 0},
        {"kind": "unlabelled", "count": 4, "decided": 0},
    ]
    assert {each["name"]: each["values"] for each in state.json()["attributes"]}["neckline"] == ["round", "v"]
    answer = decide(labels, state.headers["etag"], (0, "v"), (2, "round"))
    assert answer.status_code == 200
    assert [each["decided"] for each in answer.json()["progress"]] == [1, 1]
    assert answer.headers["etag"] == labels.get("/v1/labels").headers["etag"] != state.headers["etag"]
    assert [each["question"] for each in labels.get("/v1/labels/questions").json()["questions"]] == [1]
    every = labels.get("/v1/labels/questions", params={"undecided": False}).json()["questions"]
    assert [each["decided"] for each in every] == ["v", None]
    assert [row.correct for row in read_corrections(files.corrections).decided] == ["v", "round"]


def test_two_people_do_not_overwrite_one_another(labels):
    tag = labels.get("/v1/labels").headers["etag"]
    assert decide(labels, tag, (0, "v")).status_code == 200
    late = decide(labels, tag, (0, "round"))
    assert (late.status_code, late.json()["type"]) == (412, "urn:fashionsdk:problem:changed")
    assert late.json()["decisions"] == [{"question": 0, "correct": "v"}]
    assert late.headers["etag"] == labels.get("/v1/labels").headers["etag"]
    assert labels.get("/v1/labels/questions", params={"undecided": False}).json()["questions"][0]["decided"] == "v"
    unsaid = decide(labels, None, (0, "round"))
    assert (unsaid.status_code, unsaid.json()["type"]) == (428, "urn:fashionsdk:problem:unconditional")


def test_of_many_at_once_each_decision_is_written_or_refused(labels, files):
    tag = labels.get("/v1/labels").headers["etag"]
    body = [{"decisions": [{"question": number, "correct": "v"}]} for number in range(6)]
    answers = labels.together(
        [("POST", "/v1/labels/decisions", {"json": each, "headers": {"If-Match": tag}}) for each in body]
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 5]
    assert len(read_corrections(files.corrections).decided) == 1


@pytest.mark.parametrize(
    ("decision", "said"),
    [((99, "v"), "there is no question 99"), ((0, "silk"), "'silk' is no value of neckline"), ((-1, "v"), "fields")],
)
def test_a_decision_that_cannot_be_is_refused_with_the_reason(labels, decision, said):
    answer = decide(labels, labels.get("/v1/labels").headers["etag"], decision)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_photos_are_given_by_number_and_no_path_leads_anywhere_else(labels):
    answer = labels.get("/v1/labels/photos/3", params={"side": 64})
    assert answer.headers["content-type"] == "image/jpeg"
    assert max(Image.open(io.BytesIO(answer.content)).size) == 64
    assert labels.get(f"/v1/labels/photos/{COUNT}").status_code == 404
    for path in ("-1", "..%2F..%2Fetc%2Fpasswd", "00.png"):
        assert labels.get(f"/v1/labels/photos/{path}").status_code in (404, 422)


def test_deciding_needs_a_key_that_may_write_and_is_recorded(start, files, tmp_path):
    reader, writer = new_key(), new_key()
    keys, audit = tmp_path / "keys.txt", tmp_path / "audit"
    keys.write_text(f"reader read {hashed(reader)}\nwriter read,write {hashed(writer)}\n")
    shop = start(labels=files, keys=keys, audit=audit)
    asks = {name: {"Authorization": f"Bearer {key}"} for name, key in (("reader", reader), ("writer", writer))}
    assert shop.get("/v1/labels").status_code == 401
    tag = shop.get("/v1/labels", headers=asks["reader"]).headers["etag"]
    assert decide(shop, tag, (0, "v"), headers=asks["reader"]).status_code == 403
    assert decide(shop, tag, (0, "v"), headers=asks["writer"]).status_code == 200
    assert decide(shop, tag, (0, "v"), headers=asks["writer"]).status_code == 412
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [(line["caller"], line["action"], line["outcome"]) for line in lines] == [
        ("writer", "label", "written"),
        ("writer", "label", "changed"),
    ]
    assert lines[0]["keys"][0].endswith("03.png: neckline")


def test_a_service_that_is_read_only_or_has_no_labels_says_so(start, files):
    shop = start(labels=files, read_only=True)
    state = shop.get("/v1/labels")
    assert state.json()["writable"] is False
    assert decide(shop, state.headers["etag"], (0, "v")).status_code == 409
    bare = start()
    assert bare.get("/v1/attributes").json()["labels"] is False
    for path in ("/v1/labels", "/v1/labels/questions", "/v1/labels/photos/0"):
        assert bare.get(path).json()["detail"] == "this service has no labels to check; start it with --labels TABLE"


def test_a_file_that_somebody_damaged_is_no_mistake_of_the_caller(labels, files):
    files.corrections.write_text("image\n")
    answer = labels.get("/v1/labels")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:fashionsdk:problem:unavailable")
