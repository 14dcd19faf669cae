"""Why an answer is there, against the model and the sums computed plainly."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashionsdk import Embedder, Example, ImageError, Matcher, PhotoFolder, explain
from fashionsdk.explanation import look
from fashionsdk.search import Match
from fashionsdk.values import Posterior
from tests.sdk.conftest import TinyModel

WEIGHTS = {"sleeve": 0.7, "colour": -0.3}
ROUNDING = 1e-6  # of float32 sums


@pytest.fixture
def embedder(bundle):
    return Embedder(bundle, device="cpu")


@pytest.fixture
def gallery(embedder, photos):
    """Photos by their names; the odd ones have no sleeve."""
    found = Matcher.empty(("neckline", "sleeve", "colour"), 8, embedder.model)
    for number, path in enumerate(photos):
        lacks = [["sleeve"]] if number % 2 else [[]]
        found.add([path.name], embedder.embed(path), [{"file": path.name, "n": number}], lacks=lacks)
    return found


@pytest.fixture
def matches(gallery, embedder, photos):
    return gallery.search(embedder.embed(photos[3]), by=WEIGHTS, k=12)


def test_what_attributes_add_is_weight_times_cosine_and_sums_to_the_score(embedder, gallery, matches, photos):
    query = embedder.embed(photos[3])
    answers = list(explain(embedder, matches, photos[0].parent))
    assert [answer.match.key for answer in answers] == matches.keys[0]
    assert [(answer.query, answer.rank) for answer in answers] == [(0, rank) for rank in range(1, 13)]
    for answer in answers:
        item = gallery.get(answer.match.key)
        for name, weight in WEIGHTS.items():
            cosine = 0.0 if name in item.lacks else float(query[name][0] @ item.embeddings[name][0])
            assert answer.contributions[name] == pytest.approx(weight * cosine, abs=ROUNDING)
        assert sum(answer.contributions.values()) == pytest.approx(answer.match.score, abs=ROUNDING)
    assert any(answer.match.scores["sleeve"] is None for answer in answers)


def test_several_examples_of_one_attribute_add_up_to_the_score(embedder, gallery, photos):
    wanted = [
        Example(embedder.embed(photos[0]), {"colour": 0.8}),
        Example(embedder.embed(photos[5]), {"colour": -0.4, "neckline": 2}),
    ]
    for answer in explain(embedder, gallery.search(wanted, k=5), photos[0].parent):
        assert set(answer.contributions) == {"colour", "neckline"}
        assert sum(answer.contributions.values()) == pytest.approx(answer.match.score, abs=ROUNDING)


def test_a_reranked_list_is_explained_by_its_one_attribute(embedder, gallery, photos):
    ranked = gallery.rerank(embedder.embed(photos[0]), [path.name for path in photos[4:8]], attribute="colour")
    answers = list(explain(embedder, ranked, photos[0].parent))
    assert [answer.contributions for answer in answers] == [{"colour": answer.match.score} for answer in answers]


def test_attention_is_the_models_own_for_the_photo_as_it_is_read(embedder, matches, photos):
    answers = list(explain(embedder, matches, photos[0].parent))
    for answer in answers:
        pixels = embedder.preprocessing.read(photos[0].parent / answer.match.key)
        _, maps = TinyModel().answers(pixels[None])
        seen = answer.look
        assert seen is not None
        np.testing.assert_array_equal(seen.pixels, pixels)
        assert list(seen.attention) == list(matches.by_attribute)
        for name, position in (("sleeve", 1), ("colour", 2)):
            np.testing.assert_allclose(seen.attention[name], maps[0, position], atol=ROUNDING)
    assert look(embedder, photos[0], "colour").attention.keys() == {"colour"}
    assert look(embedder, photos[0]).attention.keys() == {"neckline", "sleeve", "colour"}


def test_the_ways_to_say_where_photos_are_find_the_same_photos(embedder, matches, photos):
    root = photos[0].parent
    ways: list[Any] = [
        str(root),
        root,
        PhotoFolder(root),
        PhotoFolder(root, field="file"),
        {path.name: path.read_bytes() for path in photos},
        lambda match: root / match.metadata["file"],
    ]
    shown = []
    for way in ways:
        looks = [answer.look for answer in explain(embedder, matches, way)]
        shown.append(np.stack([seen.pixels for seen in looks if seen is not None]))
    assert len(shown[0]) == 12
    for other in shown[1:]:
        np.testing.assert_array_equal(shown[0], other)


def test_a_photo_that_cannot_be_read_ends_the_explanation_or_is_named(embedder, matches, photos):
    first, second, third = (photos[0].parent / key for key in matches.keys[0][:3])
    first.unlink()
    second.write_bytes(b"no photo")
    with pytest.raises(ImageError, match=first.name):
        next(explain(embedder, matches, photos[0].parent))
    answers = list(explain(embedder, matches, photos[0].parent, on_error="skip"))
    assert [answer.look is None for answer in answers] == [True, True, *[False] * 10]
    assert [str(answer.error) for answer in answers[:2]] == [
        f"{first}: no such file or directory",
        str(answers[1].error),
    ]
    assert answers[1].error is not None
    assert answers[1].error.source == str(second)
    assert answers[0].contributions.keys() == {"sleeve", "colour"}
    known = {third.name: third}
    named = list(explain(embedder, matches, known, on_error="skip"))
    assert [answer.look is not None for answer in named] == [False, False, True, *[False] * 9]
    assert named[0].error is not None
    assert named[0].error.reason == "photos has no such key; expected a photo for each answer's key"


def test_photos_are_read_one_by_one_as_explanations_are_taken(embedder, matches, photos):
    asked = []

    def find(found: Match) -> Path:
        asked.append(found.key)
        return photos[0].parent / found.key

    answers = explain(embedder, matches, find)
    assert asked == []
    for count in (1, 2, 3):
        next(answers)
        assert asked == matches.keys[0][:count]


def test_each_of_several_queries_is_explained(embedder, gallery, photos):
    both = gallery.search(embedder.embed(photos[:2]), "colour", k=3)
    answers = list(explain(embedder, both, photos[0].parent))
    assert [(answer.query, answer.rank) for answer in answers] == [(q, r) for q in (0, 1) for r in (1, 2, 3)]
    assert [answer.match.key for answer in answers] == [key for keys in both.keys for key in keys]


def test_a_search_by_values_explains_what_photos_probably_show(write_bundle, manifest, photos):
    places = {"neckline": Posterior(0, 1.0), "sleeve": Posterior(2, 2.0)}
    telling = Embedder(write_bundle(manifest=replace(manifest, model=replace(manifest.model, posteriors=places))))
    gallery: Any = Matcher([path.name for path in photos], telling.embed(photos))
    found = gallery.search(value={"neckline": "v"}, by={"neckline": 1.0}, k=3)
    for answer in explain(telling, found, photos[0].parent):
        assert answer.look is not None
        expected = telling.predict(photos[0].parent / answer.match.key, "neckline")[0]
        assert answer.look.predictions == expected
    assert look(telling, photos[0], ["colour"]).predictions == {}


def test_wrong_arguments_are_errors_before_the_first_explanation(embedder, matches, write_bundle, manifest, reference):
    anything: Any = explain
    with pytest.raises(TypeError, match="photos is int; expected a folder, key -> photo, or a function of a Match"):
        anything(embedder, matches, 5)
    with pytest.raises(ValueError, match="on_error is 'ignore'; expected 'raise' or 'skip'"):
        anything(embedder, matches, ".", on_error="ignore")
    other = replace(matches, by_attribute={"hem": matches.scores})
    with pytest.raises(ValueError, match="unknown attribute 'hem'"):
        explain(embedder, other, ".")
    blind = write_bundle(manifest=replace(manifest, attention_shape=None), reference=replace(reference, attention=None))
    with pytest.raises(ValueError, match="this model has no attention maps"):
        explain(Embedder(blind), matches, ".")
    with pytest.raises(TypeError, match="got NoneType; expected a path"):
        next(anything(embedder, matches, lambda match: None))


def test_a_notebook_shows_one_short_line(embedder, matches, photos):
    answer = next(explain(embedder, matches, photos[0].parent))
    parts = ", ".join(f"{name} {value:+.4f}" for name, value in answer.contributions.items())
    seen = "Look(16 x 16 pixels, attention of sleeve, colour)"
    assert repr(answer) == f"Explanation(1: {answer.match.key!r}, {answer.match.score:.4f} = {parts}, {seen})"
    assert repr(answer.look) == seen
