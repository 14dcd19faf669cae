"""Everything that can be asked of a matcher, against a plain computation over all items."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import GalleryError
from fashionsdk.search import Example, Matcher, field
from fashionsdk.search import Query as TypedQuery

ATTRIBUTES = ("neckline", "sleeve", "colour")
KEYS = [f"{index}.jpg" for index in range(24)]
LACKS = [["sleeve"] if index % 5 == 0 else ["neckline", "colour"] if index % 7 == 0 else [] for index in range(24)]
NOTES: list[dict[str, Any]] = [
    {"price": index, **({"product": f"p{index // 3}"} if index % 4 else {}), "brand": "ab"[index % 2]}
    for index in range(24)
]


def embeddings(seed: int, count: int) -> Embeddings:
    """Return embeddings of few different values, so that scores tie; their products are exact in float32."""
    vectors = np.random.default_rng(seed).choice([-0.5, 0.5], size=(count, 3, 4)).astype(np.float32)
    return Embeddings(vectors, ATTRIBUTES, "model")


GALLERY = embeddings(1, 24)
# What is refused has wrong types, which is not for mypy to say.
AnyExample: Any = Example
Query: Any = TypedQuery
MATCHER: Any = Matcher.empty(ATTRIBUTES, 4, "model")
MATCHER.add(KEYS, GALLERY, NOTES, lacks=LACKS)


def cosine(example: np.ndarray, item: int, name: str) -> float | None:
    if name in LACKS[item]:
        return None
    return float(example @ GALLERY[name][item].astype(float))


def expected(parts: list[tuple[np.ndarray, str, float]], allowed=lambda item: True, require="any"):
    """Return (key, score) of all items, best first; ``parts`` are example vectors, attributes and weights."""
    scored = []
    for item, key in enumerate(KEYS):
        cosines = [(weight, cosine(vector, item, name)) for vector, name, weight in parts]
        present = [weight * value for weight, value in cosines if value is not None]
        if present and allowed(item) and (require == "any" or len(present) == len(cosines)):
            scored.append((key, sum(present)))
    return sorted(scored, key=lambda pair: -pair[1])


WEIGHTS = st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from([1.0, 0.5, 2.0, -0.25]), min_size=1, max_size=3)


@settings(max_examples=60)
@given(by=WEIGHTS, seed=st.integers(0, 5), k=st.integers(1, 30), require=st.sampled_from(["any", "all"]))
def test_weighted_sums_are_exact(by, seed, k, require):
    query = embeddings(seed, 1)
    wanted = expected([(query[name][0], name, weight) for name, weight in by.items()], require=require)[:k]
    found = MATCHER.search(query, by=by, k=k, require=require)
    assert list(zip(found.keys[0], found.scores[0].tolist(), strict=True)) == wanted
    for match in found[0]:
        item = KEYS.index(match.key)
        assert match.metadata == NOTES[item]
        signed = {name: cosine(query[name][0], item, name) for name in by}
        assert match.scores == {
            name: None if value is None else np.sign(by[name]) * value for name, value in signed.items()
        }
        assert match.score == sum(abs(by[name]) * value for name, value in match.scores.items() if value is not None)


def test_several_photos_are_one_question():
    """This collar, that colour, not like that item's sleeve."""
    collar, colour = embeddings(2, 1), embeddings(3, 1)
    asked = [
        Example(collar, "neckline"),
        Example(colour, {"colour": 0.5, "neckline": 0.25}),
        Example(keys="3.jpg", by={"sleeve": -0.5}),
    ]
    wanted = expected(
        [
            (collar["neckline"][0], "neckline", 1.0),
            (colour["colour"][0], "colour", 0.5),
            (colour["neckline"][0], "neckline", 0.25),
            (GALLERY["sleeve"][3], "sleeve", -0.5),
        ]
    )
    found = MATCHER.search(asked, k=24)
    assert list(zip(found.keys[0], found.scores[0].tolist(), strict=True)) == wanted
    assert found.attribute == "neckline, colour, sleeve"
    for match in found[0]:
        item = KEYS.index(match.key)
        first, second = (cosine(query["neckline"][0], item, "neckline") for query in (collar, colour))
        mean = None if first is None or second is None else pytest.approx((first + 0.25 * second) / 1.25)
        assert match.scores["neckline"] == mean


def test_many_queries_at_once_share_an_example():
    many, away = embeddings(4, 5), embeddings(5, 1)
    found = MATCHER.search([Example(many, "colour"), Example(away, {"sleeve": -1})], k=9)
    for row in range(5):
        parts = [(many["colour"][row], "colour", 1.0), (away["sleeve"][0], "sleeve", -1.0)]
        assert list(zip(found.keys[row], found.scores[row].tolist(), strict=True)) == expected(parts)[:9]
    assert [len(matches) for matches in found] == [9] * 5


def test_a_stored_item_is_asked_by_its_key():
    found = MATCHER.search(keys=["4.jpg", "6.jpg"], by="colour", k=24)
    for row, item in enumerate((4, 6)):
        assert list(zip(found.keys[row], found.scores[row].tolist(), strict=True)) == expected(
            [(GALLERY["colour"][item], "colour", 1.0)]
        )
    alone = MATCHER.search(keys="4.jpg", by="colour", k=5, exclude_self=True)
    assert alone.keys[0] == [key for key in found.keys[0] if key != "4.jpg"][:5]


@settings(max_examples=60)
@given(k=st.integers(1, 10), offset=st.integers(0, 30), seed=st.integers(0, 3), bound=st.integers(0, 24))
def test_pages_follow_each_other_and_filters_come_first(k, offset, seed, bound):
    query = embeddings(seed, 1)
    where = (field("price") < bound) & (field("brand") == "a")
    wanted = expected(
        [(query["sleeve"][0], "sleeve", 1.0)], lambda item: NOTES[item]["price"] < bound and NOTES[item]["brand"] == "a"
    )[offset : offset + k]
    found = MATCHER.search(query, "sleeve", k=k, offset=offset, where=where)
    assert list(zip(found.keys[0], found.scores[0].tolist(), strict=True)) == wanted


def grouped(ranked, name):
    seen, best = set(), []
    for key, score in ranked:
        value = NOTES[KEYS.index(key)].get(name)
        if value is None or value not in seen:
            best.append((key, score))
            seen.add(value)
    return best


@settings(max_examples=60)
@given(
    k=st.integers(1, 12), offset=st.integers(0, 4), seed=st.integers(0, 5), name=st.sampled_from(["product", "brand"])
)
def test_a_group_answers_once_by_its_best(k, offset, seed, name):
    query = embeddings(seed, 3)
    found = MATCHER.search(query, "colour", k=k, offset=offset, group_by=name)
    for row in range(3):
        wanted = grouped(expected([(query["colour"][row], "colour", 1.0)]), name)[offset : offset + k]
        assert [(match.key, match.score) for match in found[row]] == wanted
        assert np.isnan(found.scores[row, len(wanted) :]).all()


def test_a_floor_cuts_answers_off():
    query = embeddings(6, 4)
    found = MATCHER.search(query, "colour", k=24, least=0.25)
    for row in range(4):
        ranked = expected([(query["colour"][row], "colour", 1.0)])
        assert [(match.key, match.score) for match in found[row]] == [pair for pair in ranked if pair[1] >= 0.25]
    assert MATCHER.search(query, "colour", least=9)[0] == []


def test_the_querys_own_product_is_left_out():
    """By key, by a field, and with it the whole group; items without the field stay."""
    ranked = expected([(GALLERY["colour"][5], "colour", 1.0)])
    product = [key for key, item in zip(KEYS, NOTES, strict=True) if item.get("product") == "p1"]
    rest = [pair for pair in ranked if pair[0] not in product]
    assert "5.jpg" in product
    for arguments in ({"keys": "5.jpg", "by": "colour"}, {"query": photo(5), "attribute": "colour", "own": "5.jpg"}):
        found = MATCHER.search(**arguments, k=24, exclude_same="product")
        assert [(match.key, match.score) for match in found[0]] == rest
        found = MATCHER.search(**arguments, k=24, exclude_self=True, group_by="product")
        assert [(match.key, match.score) for match in found[0]] == grouped(rest, "product")
    without = MATCHER.search(keys="4.jpg", by="colour", k=24, exclude_same="product", exclude=["6.jpg"])
    ranked = expected([(GALLERY["colour"][4], "colour", 1.0)])
    assert without.keys[0] == [key for key, _ in ranked if key != "6.jpg"]  # it has no product


def photo(item: int) -> Embeddings:
    return Embeddings(GALLERY.vectors[[item]], ATTRIBUTES, "model")


def test_a_query_is_a_value():
    query = TypedQuery((Example(keys="4.jpg", by={"colour": 1}),), k=3, exclude=["1.jpg"])
    found = MATCHER.ask(query)
    assert found.keys == MATCHER.search(keys="4.jpg", by="colour", k=3, exclude=["1.jpg"]).keys
    with pytest.raises(AttributeError):
        query.k = 5  # type: ignore[misc]
    with pytest.raises(TypeError):
        query.examples[0].by["colour"] = 2  # type: ignore[index]


PHOTO = embeddings(1, 1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MATCHER.search(PHOTO, by={}), ValueError, "by is empty; expected an attribute's name, or weights"),
        (lambda: MATCHER.search(PHOTO, by={"colour": 0}), ValueError, "the weight of 'colour' is 0.0"),
        (lambda: MATCHER.search(PHOTO, by={"colour": float("nan")}), ValueError, "expected a finite number"),
        (lambda: MATCHER.search(PHOTO, by={"colour": "1"}), TypeError, "the weight of 'colour' is '1'"),
        (lambda: MATCHER.search(PHOTO, by={"hem": 1}), ValueError, "unknown attribute 'hem'"),
        (lambda: MATCHER.search(PHOTO, "colour", by="sleeve"), ValueError, "expected one of them"),
        (lambda: MATCHER.search(PHOTO, keys="1.jpg"), TypeError, "query and keys are both given"),
        (lambda: MATCHER.search(by="colour"), TypeError, "query is NoneType; expected Embeddings"),
        (lambda: MATCHER.search([]), TypeError, "query is list; expected Embeddings"),
        (lambda: MATCHER.search(Example(PHOTO, "colour"), by="colour"), ValueError, "which have their own"),
        (lambda: MATCHER.search(keys="x.jpg", by="colour"), ValueError, "no item has the key 'x.jpg'"),
        (lambda: MATCHER.search(keys="1.jpg"), ValueError, "the gallery holds neckline, sleeve, colour; say which"),
        (lambda: MATCHER.search(keys="5.jpg", by="sleeve"), ValueError, "the item '5.jpg' lacks sleeve"),
        (lambda: MATCHER.search(PHOTO, "colour", where="price < 5"), TypeError, "parse_condition reads text"),
        (lambda: MATCHER.search(PHOTO, "colour", where=field("x")), TypeError, r"where is field\('x'\)"),
        (lambda: MATCHER.search(PHOTO, "colour", require="some"), ValueError, "expected 'any' or 'all'"),
        (lambda: MATCHER.search(PHOTO, "colour", offset=-1), ValueError, "offset is -1; expected 0 or more"),
        (lambda: MATCHER.search(PHOTO, "colour", least=float("inf")), ValueError, "expected a finite score"),
        (lambda: MATCHER.search(PHOTO, "colour", least="x"), TypeError, "least is 'x'"),
        (lambda: MATCHER.search(PHOTO, "colour", group_by=""), TypeError, "expected a field's name"),
        (lambda: MATCHER.search(PHOTO, "colour", own=["1.jpg", "2.jpg"]), ValueError, "own has 2 keys for 1 queries"),
        (lambda: MATCHER.search(PHOTO, "colour", own=1), TypeError, "own is int"),
        (
            lambda: MATCHER.search([Example(embeddings(1, 2), "colour"), Example(embeddings(1, 3), "colour")]),
            ValueError,
            r"the examples hold \[2, 3\] photos",
        ),
        (lambda: Example(), TypeError, "query is NoneType"),
        (
            lambda: Example(PHOTO, "colour", keys="1.jpg"),
            TypeError,
            "several of a photo, keys and values; expected one of them",
        ),
        (lambda: AnyExample(keys=3), TypeError, "keys is int; expected an item's key"),
        (lambda: Query(()), ValueError, "examples is empty"),
        (lambda: Query([Example(PHOTO)]), TypeError, "examples is list; expected a tuple of Example"),
        (
            lambda: MATCHER.search(Example(Embeddings(PHOTO.vectors, ATTRIBUTES, "other"), "colour")),
            GalleryError,
            "mean nothing",
        ),
    ],
)
def test_a_question_that_means_nothing_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    ("lacks", "error", "message"),
    [
        ([["hem"]], ValueError, "lacks of 'a' names 'hem'"),
        (["colour"], TypeError, "lacks of 'a' is 'colour'; expected a list"),
        ([list(ATTRIBUTES)], ValueError, "'a' lacks every attribute"),
        ([], ValueError, "0 entries of lacks for 1 embeddings"),
    ],
)
def test_what_an_item_lacks_must_be_attributes(lacks, error, message):
    with pytest.raises(error, match=message):
        Matcher.empty(ATTRIBUTES, 4, "model").add(["a"], PHOTO, lacks=lacks)


def test_items_say_what_they_lack_and_metadata_change_alone():
    matcher: Any = Matcher.empty(ATTRIBUTES, 4, "model")
    matcher.add(["a", "b"], embeddings(1, 2), [{"price": 1, "stock": 2}, {}], lacks=[["sleeve"], []])
    matcher.update(["a", "b"], [{"stock": 0}, {"new": True}])
    item = matcher.get("a")
    assert item.lacks == frozenset(["sleeve"])
    assert item.metadata == {"price": 1, "stock": 0}
    assert not item.embeddings["sleeve"].any()
    assert [each.key for each in matcher.items()] == ["a", "b"]
    assert list(matcher.entries(field("new") == True)) == [("b", {"new": True})]  # noqa: E712
    matcher.add(["a"], embeddings(2, 1), [{"price": 9}], replace=True)
    assert (matcher.get("a").lacks, matcher.get("a").metadata, matcher.keys) == (frozenset(), {"price": 9}, ("a", "b"))
    for call, error in (
        (lambda: matcher.update(["x"], [{}]), ValueError),
        (lambda: matcher.update(["a"], [{}, {}]), ValueError),
        (lambda: matcher.update(["a"], [{"x": {1}}]), TypeError),
        (lambda: matcher.update("ab", [{}, {}]), TypeError),
    ):
        with pytest.raises(error):
            call()
