"""Searches by a value, and by a photo with another value, against the sums they stand for."""

from typing import Any

import numpy as np
import pytest

from fashionsdk import Attribute, Embeddings, Example, Matcher, ValueSpace
from fashionsdk.values import Posterior

NAMES = ("neckline", "sleeve", "colour")
ATTRIBUTES = (
    Attribute("neckline", ("round", "v")),
    Attribute("sleeve", ("long", "short", "none")),
    Attribute("colour", ("red", "blue")),
)
SPACE = ValueSpace(ATTRIBUTES, {name: Posterior(1, 1.0) for name in NAMES})
KEYS = [f"{index}.jpg" for index in range(12)]


def embeddings(count: int, seed: int, values: ValueSpace | None = SPACE) -> Embeddings:
    vectors = np.random.default_rng(seed).random((count, 3, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return Embeddings(vectors, NAMES, "model", values=values)


GALLERY, PHOTO = embeddings(12, 1), embeddings(1, 2)
MATCHER: Any = Matcher(KEYS, GALLERY)


def ranked(scores: np.ndarray) -> list[str]:
    return [KEYS[index] for index in np.argsort(-scores, kind="stable")]


def test_a_value_finds_the_items_that_most_probably_show_it():
    matches = MATCHER.search(value={"sleeve": "none"}, k=12)
    assert matches.keys[0] == ranked(GALLERY["sleeve"][:, 3])  # offset 1, the third value
    assert matches.attribute == "sleeve"
    both = MATCHER.search(value={"sleeve": "none", "colour": "red"}, by={"sleeve": 1, "colour": 0.5}, k=12)
    expected = GALLERY["sleeve"][:, 3] + 0.5 * GALLERY["colour"][:, 1]
    assert both.keys[0] == ranked(expected)
    np.testing.assert_allclose(np.sort(both.scores[0]), np.sort(expected), atol=1e-6)


def cosines(name: str) -> np.ndarray:
    return GALLERY[name] @ PHOTO[name][0]


def test_a_change_keeps_the_photos_other_attributes_and_counts_as_much_as_all_of_them():
    got = MATCHER.search(PHOTO, change={"neckline": "v"}, k=12)
    expected = cosines("sleeve") + cosines("colour") + 2 * GALLERY["neckline"][:, 2]
    assert got.keys[0] == ranked(expected)
    got = MATCHER.search(PHOTO, by={"colour": 0.5}, change={"neckline": "v"}, k=12)
    assert got.keys[0] == ranked(0.5 * cosines("colour") + 0.5 * GALLERY["neckline"][:, 2])
    alone = MATCHER.search(PHOTO, "neckline", change={"neckline": "v"}, k=12)
    assert alone.keys[0] == MATCHER.search(value={"neckline": "v"}, k=12).keys[0]


def test_a_stored_item_can_be_changed_and_leave_itself_out():
    got = MATCHER.search(keys="3.jpg", by="colour", change={"neckline": "v"}, k=11, exclude_self=True)
    expected = GALLERY["colour"] @ GALLERY["colour"][3] + GALLERY["neckline"][:, 2]
    assert got.keys[0] == [key for key in ranked(expected) if key != "3.jpg"]


def test_an_example_of_a_value_stands_beside_others():
    wanted = [Example(PHOTO, "colour"), Example(value={"sleeve": "short"}, by={"sleeve": -0.5})]
    got = MATCHER.search(wanted, k=12)
    assert got.keys[0] == ranked(cosines("colour") - 0.5 * GALLERY["sleeve"][:, 2])
    assert len(Example(value={"sleeve": "short"})) == 1


def test_a_gallery_learns_the_values_from_the_photo_or_from_its_opening(tmp_path):
    MATCHER.save(tmp_path / "shop.gallery")
    with (
        Matcher.load(tmp_path / "shop.gallery") as unknowing,
        pytest.raises(ValueError, match=r"values=embedder.values"),
    ):
        unknowing.search(value={"sleeve": "none"})
    with Matcher.load(tmp_path / "shop.gallery") as unknowing:
        assert (
            unknowing.search(PHOTO, change={"neckline": "v"}).keys
            == MATCHER.search(PHOTO, change={"neckline": "v"}).keys
        )
    for knowing in (
        Matcher.load(tmp_path / "shop.gallery", values=SPACE),
        Matcher.open(tmp_path / "shop.gallery", values=SPACE),
    ):
        assert knowing.search(value={"sleeve": "none"}).keys == MATCHER.search(value={"sleeve": "none"}).keys


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"value": {"sleeve": "torn"}}, ValueError, "sleeve has no value 'torn'; expected one of long, short, none"),
        ({"value": {"hem": "v"}}, ValueError, "unknown attribute 'hem'"),
        ({"value": {}}, ValueError, "value is empty"),
        ({"value": "sleeve"}, TypeError, "value is 'sleeve'; expected values by attribute"),
        ({"value": {"sleeve": 3}}, TypeError, "expected values by attribute"),
        ({"value": {"sleeve": "none"}, "by": "colour"}, ValueError, "by names colour and value sleeve"),
        ({"value": {"sleeve": "none"}, "query": PHOTO}, TypeError, "value is given beside a query"),
        ({"change": {"sleeve": "none"}}, TypeError, "query is NoneType"),
        ({"change": [], "query": PHOTO}, TypeError, "change is"),
        ({"change": {"sleeve": "none"}, "query": [Example(PHOTO, "colour")]}, ValueError, "beside examples"),
    ],
)
def test_a_wrong_question_is_named(arguments, kind, message):
    with pytest.raises(kind, match=message):
        MATCHER.search(**arguments)
    with pytest.raises(TypeError, match="several of a photo, keys and values"):
        Example(PHOTO, value={"sleeve": "none"})
