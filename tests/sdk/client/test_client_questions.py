"""What a client asks is what the same bundle and gallery answer when they are called directly."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk import Client, Cutout, Embedder, Example, ImageError, Matcher, field
from fashionsdk.client import Found, InvalidRequestError, NotFoundError, QueryExample
from fashionsdk.client._questions import next_page, search
from fashionsdk.client._reading import embeddings
from tests.sdk.client.conftest import COUNT, key_of

ATOL = 1e-6  # batches of other sizes add in another order; 1.2e-7 measured


def pairs(matches):
    return [(match.key, pytest.approx(match.score, abs=ATOL)) for match in matches]


def test_a_search_by_a_photo_answers_as_the_gallery_does(
    reader: Client, matcher: Matcher, embedder: Embedder, images: Path
):
    photo = images / key_of(3)
    expected = matcher.search(embedder.embed(photo), by={"neckline": 0.7, "colour": -0.3}, k=5)[0]
    for source in (photo, str(photo), photo.read_bytes()):
        found = reader.search(source, by={"neckline": 0.7, "colour": -0.3}, k=5)
        assert [(match.key, match.score) for match in found.matches] == pairs(expected)
    best, direct = found.matches[0], expected[0]
    assert best.metadata == direct.metadata
    assert best.scores == pytest.approx(direct.scores, abs=ATOL)
    assert best.picture
    assert found.attributes == ("neckline", "colour")
    assert found.model == embedder.model
    assert found.next_offset == 5


def test_a_cutout_asks_with_its_part_of_the_photo(reader: Client, matcher: Matcher, embedder: Embedder, images: Path):
    cutout = Cutout(images / key_of(3), (5, 10, 40, 70))
    expected = matcher.search(embedder.embed(cutout), "neckline")[0]
    assert [(match.key, match.score) for match in reader.search(cutout, by="neckline").matches] == pairs(expected)


def test_every_option_of_a_search_reaches_the_gallery(reader: Client, matcher: Matcher, embedder: Embedder):
    key = key_of(2)
    where = (field("price") >= 20) & ~(field("brand") == "b")
    expected = matcher.search(
        keys=key,
        by="sleeve",
        k=3,
        offset=1,
        where=where,
        require="all",
        least=-1.0,
        exclude=[[key_of(4)]],
        exclude_self=True,
    )[0]
    found = reader.search(
        key=key,
        by="sleeve",
        k=3,
        offset=1,
        where=where,
        require="all",
        least=-1.0,
        exclude=[key_of(4)],
        exclude_self=True,
    )
    assert [(match.key, match.score) for match in found.matches] == pairs(expected)
    assert len(found.matches) == 2  # of 6, 8 and 10 without the first
    as_text = reader.search(key=key, by="sleeve", where="price >= 20 and not (brand = 'b')", k=12)
    assert {match.metadata["brand"] for match in as_text.matches} == {"a"}
    grouped = reader.search(key=key, by="sleeve", group_by="brand")
    assert len(grouped.matches) == 2
    same_brand_left_out = reader.search(key=key, by="sleeve", exclude_same="brand", k=12)
    assert {match.metadata["brand"] for match in same_brand_left_out.matches} == {"b"}


def test_values_changes_and_examples_ask_as_they_do_directly(
    reader: Client, matcher: Matcher, embedder: Embedder, images: Path
):
    by_value = matcher.search(value={"neckline": "v"})[0]
    assert [(m.key, m.score) for m in reader.search(value={"neckline": "v"}).matches] == pairs(by_value)
    photo = images / key_of(5)
    changed = matcher.search(embedder.embed(photo), change={"neckline": "round"})[0]
    assert [(m.key, m.score) for m in reader.search(photo, change={"neckline": "round"}).matches] == pairs(changed)
    several = matcher.search(
        [
            Example(embedder.embed(photo), "neckline"),
            Example(keys=key_of(1), by={"colour": -0.5}),
            Example(value={"sleeve": "long"}),
        ]
    )[0]
    examples = [
        QueryExample(photo, by="neckline"),
        QueryExample(key=key_of(1), by={"colour": -0.5}),
        QueryExample(value={"sleeve": "long"}),
    ]
    assert [(m.key, m.score) for m in reader.search(examples=examples).matches] == pairs(several)


@pytest.mark.parametrize("k", [1, 5, 12, 400])
def test_matches_are_the_pages_of_a_search_one_after_the_other(reader: Client, k):
    whole = reader.search(key=key_of(0), by="colour", k=COUNT).matches
    assert list(reader.matches(key=key_of(0), by="colour", k=k)) == list(whole)


def test_the_next_page_ends_at_the_last_answer_that_a_service_gives():
    call = search(key="a", k=300, offset=600)
    following = next_page(call, Found((), (), "", 900, ()))
    assert following is not None
    assert following.fields is not None
    assert (following.fields["offset"], following.fields["k"]) == (900, 100)
    assert next_page(call, Found((), (), "", None, ())) is None


def test_results_of_another_search_are_reordered(reader: Client, matcher: Matcher, embedder: Embedder, images: Path):
    keys = [key_of(index) for index in (7, 1, 4, 9)]
    photo = images / key_of(0)
    expected = matcher.rerank(embedder.embed(photo), keys, attribute="sleeve", k=3)[0]
    found = reader.rerank(photo, [*keys, "not there"], "sleeve", k=3, on_unknown="skip")
    assert [(match.key, match.score) for match in found.matches] == pairs(expected)
    with pytest.raises(InvalidRequestError, match="not there"):
        reader.rerank(photo, [*keys, "not there"], "sleeve")


def test_vectors_come_back_as_embeddings(reader: Client, embedder: Embedder, images: Path):
    photo = images / key_of(0)
    expected = embedder.embed(photo)
    vectors = reader.embed(photo)
    assert vectors.vectors.dtype == np.float32
    np.testing.assert_allclose(vectors.vectors, expected.vectors, rtol=0, atol=ATOL)
    assert (vectors.attributes, vectors.model, vectors.lengths) == (expected.attributes, expected.model, None)
    assert reader.embed(photo, "colour").attributes == ("colour",)
    assert reader.embed(photo, ["colour", "neckline"]).attributes == ("colour", "neckline")


def test_vectors_of_different_lengths_are_read():
    found = embeddings({"model": "m", "embeddings": {"a": [0.6, 0.8], "b": [1.0, 0.0, 0.0]}})
    assert found.lengths == (2, 3)
    np.testing.assert_array_equal(found["a"], np.array([[0.6, 0.8]], np.float32))
    np.testing.assert_array_equal(found["b"], np.array([[1, 0, 0]], np.float32))


def test_predictions_are_those_of_the_model(reader: Client, embedder: Embedder, images: Path):
    (expected,) = embedder.predict(images / key_of(0))
    said = reader.predict(images / key_of(0))
    assert said.keys() == expected.keys()
    for name, prediction in said.items():
        assert prediction.value == expected[name].value
        assert prediction.probabilities == pytest.approx(expected[name].probabilities, abs=ATOL)
    assert list(reader.predict(images / key_of(0), "sleeve")) == ["sleeve"]
    assert all(each.value is None for each in reader.predict(images / key_of(0), unknown_below=1.0).values())


def test_pictures_are_files(reader: Client, images: Path):
    heat = Image.open(io.BytesIO(reader.attention(images / key_of(0), "sleeve", side=64)))
    assert (heat.format, heat.size) == ("PNG", (48, 64))
    thumbnail = Image.open(io.BytesIO(reader.picture(key_of(1), side=40)))
    assert (thumbnail.format, thumbnail.size) == ("JPEG", (30, 40))
    assert Image.open(io.BytesIO(reader.picture(key_of(1), side=40, attribute="sleeve"))).format == "PNG"
    with pytest.raises(NotFoundError):
        reader.picture("not there")


def test_the_model_is_described(reader: Client, embedder: Embedder):
    served = reader.attributes()
    assert served.digest == embedder.model
    assert served.attention
    assert [(each.name, each.values) for each in served.attributes] == [
        (each.name, each.values) for each in embedder.attributes
    ]
    assert [each.predicted for each in served.attributes] == [True, True, False]
    assert {each.dimension for each in served.attributes} == {8}


def test_the_service_says_how_it_is(reader: Client):
    assert reader.alive()
    assert reader.ready()
    assert "fashionsdk_requests_total" in reader.metrics()


def test_what_cannot_be_asked_is_an_error_that_says_so(reader: Client, images: Path):
    with pytest.raises(ImageError, match=r"missing\.jpg: No such file"):
        reader.embed("missing.jpg")
    with pytest.raises(TypeError, match="photo is ndarray; expected a path, a file's bytes, or a Cutout"):
        reader.embed(np.zeros((4, 4, 3), np.uint8))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="where is int"):
        reader.search(key="a", where=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="an example is dict"):
        reader.search(examples=[{}])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="attribut"):
        reader.search(key="a", attribut="neckline")  # type: ignore[call-arg]
    with pytest.raises(InvalidRequestError) as caught:
        reader.embed(b"no photo")
    assert (caught.value.kind, caught.value.status) == ("photo", 422)
    with pytest.raises(InvalidRequestError, match="k: Input should be less than or equal to 1000"):
        reader.search(key=key_of(0), k=2000)
    with pytest.raises(InvalidRequestError, match="unknown attribute 'collar'"):
        reader.embed(images / key_of(0), "collar")
    with pytest.raises(InvalidRequestError, match="expected one of photo, key, value, examples"):
        reader.search()
