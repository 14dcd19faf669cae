"""What a report says of its attention maps: with boxes as `pointing` does, without them nothing that it cannot know."""

import re

import numpy as np
import pytest
from PIL import Image

from fashionsdk.attributes import Attribute
from fashionsdk.embeddings import Embeddings
from fashionsdk.evaluation import SharedMap, pointing
from fashionsdk.labels import Box, read_retrieval
from fashionsdk.photos import Preprocessing
from fashionsdk.report import gather, render
from fashionsdk.report._report_types import MapTrust

NAMES = ("neckline", "hem", "colour")  # of the model, in another order than the table's
PHOTOS, CELLS = 24, 4
PREPROCESSING = Preprocessing(16, fit="pad")


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    """24 portraits, of which every third has no neckline; none has a hem."""
    folder = tmp_path_factory.mktemp("portraits")
    lines = ["image,split,colour,neckline"]
    for photo in range(PHOTOS):
        Image.new("RGB", (30, 60), (8 * photo, 90, 90)).save(folder / f"{photo}.png")
        lines.append(f"{photo}.png,valid,{('red', 'blue')[photo % 2]},{('round', 'v', '')[photo % 3]}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return read_retrieval(folder, "valid")


def attention() -> np.ndarray:
    """Maps ``(N, A, h, w)``: of the colour always one corner, of the neckline a place of the photo's own."""
    maps = np.full((PHOTOS, len(NAMES), CELLS, CELLS), 0.01, np.float32)
    for photo in range(PHOTOS):
        maps[photo, NAMES.index("colour"), 0, 1] = 1
        maps[photo, NAMES.index("neckline"), photo // 2 % CELLS, 1 + photo // 8 % 2] = 1
    return maps


def boxes() -> dict[int, dict[str, Box]]:
    """A quarter of the height around each neckline's place, in the photo, and a box of the colour in another corner."""
    found: dict[int, dict[str, Box]] = {}
    for photo in range(PHOTOS):
        row, column = photo // 2 % CELLS, photo // 8 % 2
        found[photo] = {
            "neckline": Box(column / 2, row / 4, (column + 1) / 2, (row + 1) / 4),
            "colour": Box(0.5, 0.5, 1, 1),
        }
    return found


class Looking:
    """A model that looks where `attention` says."""

    attributes, values, preprocessing = tuple(Attribute(name, ()) for name in NAMES), None, PREPROCESSING

    def __init__(self, split) -> None:
        self.paths = split.paths

    def embed(self, images, attributes, *, attention):
        assert attention
        return embeddings([self.paths.index(path) for path in images]).select(attributes)


def embeddings(photos: list[int], *, maps: bool = True) -> Embeddings:
    vectors = np.random.default_rng(0).normal(size=(PHOTOS, len(NAMES), 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    return Embeddings(vectors[photos], NAMES, "m", attention=attention()[photos] if maps else None)


def report(split, *, boxes=None, readable=range(PHOTOS), maps=True):
    embedded = [(photo, embeddings([photo], maps=maps)) for photo in readable]
    return gather(Looking(split), split, embedded, facts={}, maps=False, boxes=boxes)


def text(page: str, anchor: str) -> str:
    """The words of one section."""
    (section,) = re.findall(rf'<section id="{anchor}">(.*?)</section>', page, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", section))


def shared_of(photos, name: str) -> float:
    found = SharedMap()
    for photo in photos:
        found.add(attention()[photo, NAMES.index(name)])
    assert found.share is not None
    return found.share


def test_without_boxes_the_report_marks_maps_of_one_place_and_claims_nothing_of_the_others(split):
    found = report(split)
    assert found.trust == MapTrust(
        {"colour": 1.0, "neckline": shared_of([photo for photo in range(PHOTOS) if photo % 3 != 2], "neckline")}
    )
    assert found.trust.shared["neckline"] < 0.3
    assert found.trust.doubts() == {"colour": "nearly the same in every photo"}
    page = render(found)
    words = text(page, "attention")
    assert "Nothing here says that the maps lie on the garment" in words
    assert "colour 100.0 doubtful : nearly the same in every photo" in words
    assert f"neckline {100 * found.trust.shared['neckline']:.1f} changes from photo to photo" in words
    assert "fixed place" not in words
    assert "Inside" not in words


def test_with_boxes_the_report_has_the_table_of_pointing(split):
    found = report(split, boxes=boxes())
    names = ("colour", "neckline")
    maps = attention()[:, [NAMES.index(name) for name in names]]
    places = [(photo, maps[photo], PREPROCESSING.placement((30, 60))) for photo in range(PHOTOS)]
    expected = pointing(boxes(), places, names)
    assert found.trust is not None
    assert found.trust.pointing == expected
    assert [(each.attribute, each.rate, each.better) for each in expected.attributes] == [
        ("colour", 0, False),
        ("neckline", 100, True),
    ]
    assert found.trust.doubts() == {"colour": "no better than one fixed place"}
    words = text(render(found), "attention")
    for score in (*expected.attributes, expected.overall):
        shared = f"{100 * found.trust.shared[score.attribute]:.1f}" if score.attribute in found.trust.shared else "-"
        row = f"{score.attribute} {score.rate:.1f} {score.fixed:.1f} {score.random:.1f} {shared} {score.photos}"
        assert row in words
    assert "better than one fixed place" in words
    assert "Nothing here says" not in words


def test_every_picture_of_a_doubtful_map_is_marked(split):
    for given in (None, boxes()):
        found = report(split, boxes=given)
        page = render(found)
        marks = re.findall(r'<span class="tag doubt" title="([^"]*)">doubtful</span>', page)
        queries = {result.name: len(result.queries) for result in found.attributes}
        assert len(marks) == len(found.attention) + queries["colour"]
        assert set(marks) == set(found.trust.doubts().values())


def test_an_attribute_without_boxes_is_judged_by_what_its_maps_share(split):
    only = {photo: {"neckline": each["neckline"]} for photo, each in boxes().items()}
    found = report(split, boxes=only)
    assert found.trust.doubts() == {"colour": "nearly the same in every photo"}
    assert "colour - - - 100.0 0 doubtful : nearly the same in every photo" in text(render(found), "attention")


def test_boxes_are_believed_before_what_the_maps_share(split):
    corner = {photo: {"colour": Box(0, 0, 0.5, 0.25)} for photo in range(PHOTOS)}
    found = report(split, boxes=corner)
    assert found.trust.pointing.attributes[0].rate == 100
    assert found.trust.doubts() == {"colour": "no better than one fixed place"}  # which hits all of them too


def test_boxes_of_photos_that_cannot_be_read_are_counted(split):
    found = report(split, boxes=boxes(), readable=range(1, PHOTOS))
    assert found.trust.pointing.missing == 2
    assert "2 boxes are of photos that could not be read" in text(render(found), "attention")


def test_boxes_without_any_attention_are_an_error(split):
    with pytest.raises(ValueError, match="attention came for none of the 48 boxes"):
        report(split, boxes=boxes(), maps=False)


def test_attention_that_was_not_asked_for_says_nothing(split):
    found = report(split, maps=False)
    assert found.trust == MapTrust({})
    words = text(render(found), "attention")
    assert "Where the model looks" in words
    assert "trusted" not in words
