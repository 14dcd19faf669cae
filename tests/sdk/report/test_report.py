"""The report: what it shows against slower computations, and a page that stands alone and escapes everything."""

import base64
import io
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk.attributes import Attribute
from fashionsdk.embedding._embedder import Embedder
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import FashionSDKError
from fashionsdk.evaluation._retrieval import Evaluation, Score
from fashionsdk.labels import read_retrieval
from fashionsdk.photos import Preprocessing
from fashionsdk.report import gather, render
from fashionsdk.report._charts import COLOURS, curve, scatter
from fashionsdk.report._markup import Markup, element, join
from fashionsdk.report._pictures import attention_overlay, picture
from fashionsdk.report._report_types import AttentionOverlays, AttributeResult, EmbeddingMap, Neighbour, Query, Report
from fashionsdk.report._tsne import tsne
from fashionsdk.values import Posterior, ValueSpace

HOSTILE = "<script>alert('x')</script>\"&"


@pytest.fixture(scope="session")
def shop(tmp_path_factory) -> Path:
    """A table of 24 photos whose colour can be seen."""
    folder = tmp_path_factory.mktemp("shop")
    random = np.random.default_rng(5)
    lines = ["image,split,colour,neckline"]
    for index in range(24):
        colour = ("red", "blue")[index % 2]
        pixels = random.integers(0, 90, (20, 20, 3), dtype=np.uint8)
        pixels[..., 0 if colour == "red" else 2] += 150
        Image.fromarray(pixels).save(folder / f"{index:02}.png")
        lines.append(f"{index:02}.png,valid,{colour},{('round', 'v', '')[index % 3]}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="session")
def report(shop, bundle) -> Report:
    return make_report(shop, bundle)


def make_report(shop, bundle) -> Report:
    embedder, split = Embedder(bundle.path, device="cpu"), read_retrieval(shop, "valid")
    embedded = ((index, embedder.embed([path])) for index, path in enumerate(split.paths))
    return gather(embedder, split, embedded, facts={"Model": "tiny"}, history=bundle.manifest.history)


def test_neighbours_are_the_nearest_candidates(report, shop, bundle):
    embedder, split = Embedder(bundle.path, device="cpu"), read_retrieval(shop, "valid")
    vectors = embedder.embed(split.paths)
    position = {picture(embedder.preprocessing(Image.open(path))): n for n, path in enumerate(split.paths)}
    colours = {image: value for image, attribute, value in split.candidates.tolist() if attribute == 0}
    (colour,) = (result for result in report.attributes if result.name == "colour")
    assert len(colour.queries) == 4
    for query in colour.queries:
        scores = vectors["colour"] @ vectors["colour"][position[query.picture]]
        expected = sorted(colours, key=lambda image: -scores[image])[:6]
        assert [position[neighbour.picture] for neighbour in query.neighbours] == expected
        for neighbour, image in zip(query.neighbours, expected, strict=True):
            assert neighbour.value == split.attributes[0].values[colours[image]]
            assert neighbour.right == (neighbour.value == query.value)
            assert neighbour.score == pytest.approx(scores[image], abs=1e-6)


def test_a_report_is_the_same_when_made_again(report, shop, bundle):
    assert render(make_report(shop, bundle)) == render(report)


def test_the_page_loads_nothing_from_anywhere(report):
    page = render(report)
    assert re.findall(r"https?:|url\(|@import|<script|<link|<iframe", page) == []
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(source.startswith(("data:image/jpeg;base64,", "#")) for source in sources)
    assert "default-src &#x27;none&#x27;" in page


def test_every_element_is_closed(report):
    class Checker(HTMLParser):
        open: list[str]

        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "img"):
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    checker = Checker()
    checker.open = []
    checker.feed(render(report))
    assert checker.open == []


def test_all_sections_are_there_and_linked(report):
    page = render(report)
    anchors = ["scores", "matches", "attention", "maps", "training"]
    assert re.findall(r'<section id="(\w+)"', page) == anchors
    assert re.findall(r'href="#(\w+)"', page) == anchors
    assert "drawn at random with seed 0, not chosen by hand" in page
    assert page.count('aria-label="right"') + page.count('aria-label="wrong"') == 6 * sum(
        len(result.queries) for result in report.attributes
    )


def hostile_report() -> Report:
    score = Score(HOSTILE, 1, 2, 50.0, 25.0, {"R@1": 1.0, "R@10": 1.0})
    drawn = picture(np.zeros((8, 8, 3), np.uint8))
    query = Query(drawn, drawn, HOSTILE, (Neighbour(drawn, HOSTILE, False, 0.5),))
    result = AttributeResult(HOSTILE, (query,), EmbeddingMap(np.zeros((2, 2)), (HOSTILE, HOSTILE)))
    overlays = AttentionOverlays(drawn, {HOSTILE: (drawn, HOSTILE)})
    history = ({HOSTILE: 1.0}, {HOSTILE: 2.0})
    return Report(
        {HOSTILE: HOSTILE, "Model": HOSTILE}, Evaluation((score,), score, 3), (result,), (overlays,), history, 0
    )


def test_every_name_is_escaped():
    page = render(hostile_report())
    assert "<script" not in page
    assert "alert('x')" not in page
    assert page.count("&lt;script&gt;") >= 15


def test_a_model_without_attention_or_history_has_shorter_page():
    full = hostile_report()
    result = AttributeResult("fit", (Query(full.attention[0].picture, None, "slim", ()),), None)
    page = render(Report({}, full.evaluation, (result,), (), (), 0))
    assert re.findall(r'<section id="(\w+)"', page) == ["scores", "matches"]
    assert "3 photos could not be read" in page


def test_without_scikit_learn_the_extra_is_named(report, shop, bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    with pytest.raises(FashionSDKError, match=r"fashionsdk\[report\]"):
        make_report(shop, bundle)


def test_text_is_escaped_and_markup_is_not():
    inner = element("b", "a < b")
    assert element("p", "x & y ", inner, class_="<q>", id=None) == '<p class="&lt;q&gt;">x &amp; y <b>a &lt; b</b></p>'
    assert join("<", Markup("<br>")) == "&lt;<br>"


def decoded(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))), np.float64)


def test_a_picture_is_a_small_jpeg_of_the_photo():
    pixels = np.full((400, 400, 3), (200, 30, 60), np.uint8)
    small = decoded(picture(pixels))
    assert small.shape == (168, 168, 3)
    np.testing.assert_allclose(small, np.broadcast_to(pixels[0, 0], small.shape), atol=8)  # JPEG


def test_attention_is_brightest_where_the_model_looked():
    attention = np.full((4, 4), 1e-4, np.float32)
    attention[0, 3] = 1
    seen = decoded(attention_overlay(np.full((64, 64, 3), 128, np.uint8), attention)).mean(axis=2)
    row, column = np.unravel_index(seen.argmax(), seen.shape)
    assert row < 16
    assert column >= 48


def test_attention_of_nothing_is_drawn_dark():
    dark = decoded(attention_overlay(np.zeros((8, 8, 3), np.uint8), np.zeros((2, 2), np.float32)))
    assert dark.max() < 60


def test_the_plane_keeps_groups_apart_and_in_range():
    random = np.random.default_rng(0)
    groups = np.repeat(np.eye(3, 16), 20, axis=0) + 0.02 * random.normal(size=(60, 16))
    points = tsne(groups.astype(np.float32), seed=0)
    assert points.min() >= 0
    assert points.max() <= 1
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (distance.argmin(axis=1) // 20 == np.arange(60) // 20).all()
    np.testing.assert_array_equal(points, tsne(groups.astype(np.float32), seed=0))


@pytest.mark.parametrize("dimension", [1, 8])
def test_equal_vectors_are_one_point_in_the_middle(dimension):
    assert (tsne(np.ones((9, dimension), np.float32), seed=0) == 0.5).all()


def test_vectors_of_one_dimension_have_a_map():
    vectors = np.where(np.arange(12) % 2, 1, -1).astype(np.float32)[:, None]
    assert np.isfinite(tsne(vectors, seed=0)).all()


def test_a_map_colours_the_commonest_values():
    values = tuple(f"v{n}" for n in range(COLOURS + 3) for _ in range(20 - n))
    drawing = scatter(EmbeddingMap(np.zeros((len(values), 2)), values))
    assert drawing.count('r="3.6" class="k0"') == 20
    assert drawing.count('r="3.6" class="rest"') == sum(20 - n for n in range(COLOURS, COLOURS + 3))
    assert drawing.count("<li>") == COLOURS + 1


def test_a_curve_spans_its_axes():
    drawing = curve("loss", [(1, 2.0), (2, 1.0), (5, 0.0)])
    assert 'points="44,12 110,87 308,162"' in drawing
    flat = curve("loss", [(1, 3.0), (2, 3.0)])
    assert "nan" not in flat
    assert "inf" not in flat


def test_a_split_with_an_unknown_attribute_is_rejected(shop, bundle):
    embedder, split = Embedder(bundle.path, device="cpu"), read_retrieval(shop, "valid")
    renamed = type(split)(
        split.root, split.images, (Attribute("hem", ("a", "b")), split.attributes[1]), split.queries, split.candidates
    )
    with pytest.raises(ValueError, match="does not know hem"):
        gather(embedder, renamed, (), facts={})


def test_probabilities_are_compared_with_labels_bin_by_bin(shop, bundle):
    """Embeddings that hold probabilities, and a card for each attribute with as many rows as bins have photos."""
    names = ("colour", "neckline")
    space = ValueSpace(
        (Attribute("colour", ("red", "blue")), Attribute("neckline", ("v", "round"))),
        dict.fromkeys(names, Posterior(0, 1.0)),
    )
    split, rng = read_retrieval(shop, "valid"), np.random.default_rng(0)
    vectors = np.sqrt(rng.dirichlet((1, 1), (len(split.images), 2))).astype(np.float32)

    class Knowing:
        attributes, values, preprocessing = tuple(map(Attribute, names, ((), ()))), space, Preprocessing(16)

        def embed(self, images, attributes, *, attention):
            raise AssertionError("no attention is asked for")

    embedded = [(index, Embeddings(vectors[[index]], names, "m", values=space)) for index in range(len(split.images))]
    found = gather(Knowing(), split, embedded, facts={}, attention=False, maps=False)
    for name, calibration in found.reliability.items():
        position = [attribute.name for attribute in split.attributes].index(name)
        right = said = photos = 0.0
        for photo, label in enumerate(split.matrix()[:, position]):
            if label >= 0:
                probabilities = np.square(vectors[photo, names.index(name)].astype(float))
                probabilities /= probabilities.sum()
                value = split.attributes[position].values[label]
                right += space.values[name][int(probabilities.argmax())] == value
                said += probabilities.max()
                photos += 1
        assert calibration.photos == photos
        assert calibration.accuracy == pytest.approx(right / photos)
        assert sum(count * mean for count, mean, _ in calibration.rows) == pytest.approx(said, abs=1e-3)
    assert set(found.reliability) == set(names)
    page = render(found)
    assert page.count("calibration error 0.") == 2
    assert "Do probabilities mean what they say?" in page
