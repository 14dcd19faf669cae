"""Pointing: hits counted, geometry against the real preprocessing, and boxes.csv, valid and invalid."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fashionsdk.attributes import Attribute
from fashionsdk.embedding._embedder import Embedder
from fashionsdk.errors import LabelsError
from fashionsdk.evaluation._pointing import in_input, pointing, points_inside, visible_area
from fashionsdk.labels import Labels
from fashionsdk.labels._attribute_boxes import Box, read_boxes
from fashionsdk.photos import Fit, Preprocessing
from fashionsdk.photos._source import open_image

NAMES = ("neckline", "sleeve")
FITS: tuple[Fit, ...] = get_args(Fit)
SQUARE = Preprocessing(8).placement((10, 10))
HEADER = "image,attribute,left,top,right,bottom"
LABELS = Labels(
    Path(), ("a.jpg", "b.jpg"), tuple(Attribute(name, ("x",)) for name in NAMES), np.zeros((0, 3), np.int32)
)


@settings(max_examples=40)
@given(
    width=st.integers(40, 400),
    height=st.integers(40, 400),
    row=st.integers(0, 27),
    column=st.integers(0, 31),
    fit=st.sampled_from(FITS),
)
def test_a_place_of_the_photo_lies_in_the_input_where_preprocessing_puts_it(width, height, row, column, fit):
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    ramps = np.rint(255 * np.stack([x, y, 0 * y], axis=-1)).astype(np.uint8)  # each pixel says where it is
    preprocessing = Preprocessing((28, 32), fit=fit)
    red, green, blue = preprocessing(Image.fromarray(ramps))[row, column] / 255
    placement = preprocessing.placement((width, height))
    left, top, right, bottom = placement.visible
    assert (blue > 0.5) == (not (left <= column < right and top <= row < bottom))  # white
    if blue < 0.5:
        seen = in_input(np.array([red, green, 1, 1]), placement)
        grey = max(width, height) / min(width, height) / 28 / 255 * 32  # one level of a ramp, in the input
        edge = 0.5 / 28  # the filter ends at the photo's edge
        assert abs(seen[0] - (column + 0.5) / 32) <= edge + grey
        assert abs(seen[1] - (row + 0.5) / 28) <= edge + grey


@pytest.mark.parametrize("fit", FITS)
def test_a_square_photo_is_the_input(fit):
    boxes = np.array([[0.1, 0.2, 0.3, 0.4]])
    np.testing.assert_allclose(in_input(boxes, Preprocessing(32, fit=fit).placement((7, 7))), boxes, atol=1e-12)


def test_a_box_outside_the_square_cannot_be_hit():
    placement = Preprocessing(30).placement((300, 100))  # the input shows the middle third
    (box,) = in_input(np.array([[0.0, 0.0, 0.2, 1.0]]), placement)
    assert visible_area(box, placement) == 0
    assert not points_inside(np.ones((1, 1), np.float32), box)


def test_a_quarter_of_a_wide_photo_covers_half_the_square():
    placement = Preprocessing(30).placement((200, 100))
    (box,) = in_input(np.array([[0.25, 0.0, 0.5, 1.0]]), placement)
    np.testing.assert_allclose(box, [0, 0, 0.5, 1])
    assert visible_area(box, placement) == pytest.approx(0.5)


def test_a_peak_in_the_padding_is_a_miss():
    placement = Preprocessing(32, fit="pad").placement((200, 100))
    boxes = {0: {"neckline": Box(0, 0, 1, 1), "sleeve": Box(0, 0, 1, 1)}}
    scores = pointing(boxes, [(0, looking_at((0, 1), (1, 1)), placement)], NAMES)
    assert [score.hits for score in scores.attributes] == [0, 1]


def test_padding_is_a_miss_and_no_place_for_chance():
    placement = Preprocessing(32, fit="pad").placement((100, 200))  # the photo is the middle half
    (left, whole) = in_input(np.array([[0.0, 0.0, 0.5, 1.0], [0.0, 0.0, 1.0, 1.0]]), placement)
    np.testing.assert_allclose(left, [0.25, 0, 0.5, 1])
    assert visible_area(left, placement) == pytest.approx(0.5)
    assert visible_area(whole, placement) == pytest.approx(1)
    for column, inside in enumerate((False, True, True, False)):
        assert points_inside(looking_at((2, column)), whole[None]) == inside


def looking_at(*cells: tuple[int, int]) -> np.ndarray:
    attention = np.zeros((len(cells), 4, 4), np.float32)
    for index, cell in enumerate(cells):
        attention[(index, *cell)] = 1
    return attention


def test_hits_are_counted_by_attribute_and_over_all():
    boxes = {
        0: {"neckline": Box(0, 0, 0.5, 0.5), "sleeve": Box(0, 0, 1, 0.5)},
        1: {"neckline": Box(0.5, 0.5, 1, 1)},
        2: {"neckline": Box(0, 0, 1, 1)},  # its photo cannot be read
        3: {"hem": Box(0, 0, 1, 1)},  # not asked for
    }
    photos = [
        (0, looking_at((1, 1), (3, 0)), SQUARE),
        (1, looking_at((1, 1), (0, 0)), SQUARE),
        (9, looking_at((0, 0), (0, 0)), SQUARE),  # without a box
    ]
    scores = pointing(boxes, photos, NAMES)
    assert scores.to_json() == {
        "attributes": (
            {
                "attribute": "neckline",
                "photos": 2,
                "hits": 1,
                "rate": 50.0,
                "random": 25.0,
                "fixed": 0.0,
                "better": False,
            },
            {
                "attribute": "sleeve",
                "photos": 1,
                "hits": 0,
                "rate": 0.0,
                "random": 50.0,
                "fixed": 100.0,
                "better": False,
            },
        ),
        "overall": {
            "attribute": "all boxes",
            "photos": 3,
            "hits": 1,
            "rate": 33.3333,
            "random": 33.3333,
            "fixed": 33.3333,
            "better": False,
        },
        "missing": 1,
    }
    head, *lines, last = scores.table().splitlines()
    assert head.split() == ["attribute", "photos", "hits", "random", "fixed", "inside"]
    assert [line.split()[0] for line in lines] == list(NAMES)
    assert last.split() == ["all", "boxes", "3", "1", "33.33", "33.33", "33.33"]


def test_invalid_input_is_an_error():
    boxes = {0: {"sleeve": Box(0, 0, 1, 1)}}
    with pytest.raises(ValueError, match="none of the 1 boxes of neckline, sleeve"):
        pointing(boxes, [], NAMES)
    with pytest.raises(ValueError, match="expected each once"):
        pointing(boxes, [], ("sleeve", "sleeve"))
    with pytest.raises(ValueError, match=r"shape \(1, 4, 4\); expected \(2, h, w\)"):
        pointing(boxes, [(0, looking_at((0, 0)), SQUARE)], NAMES)


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "boxes.csv"
    path.write_text("\n".join((HEADER, *lines)))
    return path


def test_boxes_are_read_by_photo_and_attribute(tmp_path):
    path = written(tmp_path, "b.jpg,sleeve,0,0.25,0.5,1", "", "other.jpg,sleeve,0,0,1,1", "b.jpg,neckline,0,0,1,1")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))  # as a spreadsheet saves it
    boxes = read_boxes(path, LABELS, elsewhere={"other.jpg"})
    assert boxes == {1: {"sleeve": Box(0, 0.25, 0.5, 1), "neckline": Box(0, 0, 1, 1)}}


BAD_LINES = {
    "b.jpg,hem,0,0,1,1": "unknown attribute 'hem'; the table has neckline, sleeve",
    "c.jpg,sleeve,0,0,1,1": "the table has no image 'c.jpg'",
    "b.jpg,sleeve,0,0,1": "5 cells; expected 6",
    "b.jpg,sleeve,0,0,1,1,1": "7 cells; expected 6",
    "b.jpg,sleeve,x,0,1,1": "left is 'x'; expected a number",
    "b.jpg,sleeve,0,,1,1": "top is ''; expected a number",
    "b.jpg,sleeve,nan,0,1,1": "left is nan; expected a fraction",
    "b.jpg,sleeve,0,0,1.5,1": "right is 1.5; expected a fraction",
    "b.jpg,sleeve,0,-0.1,1,1": "top is -0.1; expected a fraction",
    "b.jpg,sleeve,0.5,0,0.5,1": "left is 0.5 and right 0.5; expected left below right",
    "b.jpg,sleeve,0,0.6,1,0.5": "top is 0.6 and bottom 0.5; expected top below bottom",
    "a.jpg,sleeve,0,0,1,1": "a box of 'sleeve' in 'a.jpg' is on line 2 too; expected one row",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_is_named(tmp_path, line):
    path = written(tmp_path, "a.jpg,sleeve,0,0,1,1", line)
    with pytest.raises(LabelsError) as caught:
        read_boxes(path, LABELS)
    assert str(caught.value).startswith(f"{path}, line 3: {BAD_LINES[line]}")


def test_a_bad_line_of_another_split_is_named_too(tmp_path):
    with pytest.raises(LabelsError, match="line 2: left is 2"):
        read_boxes(written(tmp_path, "other.jpg,sleeve,2,0,1,1"), LABELS, elsewhere=["other.jpg"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "wrong columns; got an empty file; expected image,attribute,left"),
        (HEADER.replace(",", ";").encode(), "with commas"),
        (b"image,attribute\na.jpg,sleeve\n", "got image, attribute; expected image,attribute,left"),
        (HEADER.encode(), "none of its 0 boxes"),
        (f"{HEADER}\nc.jpg,sleeve,0,0,1,1".encode(), "none of its 1 boxes"),
        (HEADER.encode() + b"\n\xff", "is not UTF-8 text"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_not_a_table_of_boxes_is_rejected(tmp_path, content, message):
    path = tmp_path / "boxes.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LabelsError, match=message):
        read_boxes(path, LABELS, elsewhere=["c.jpg"])


@pytest.fixture
def boxed(shop) -> str:
    """Boxes of the shop's photos, one of them in another split."""
    random = np.random.default_rng(6)
    rows = [HEADER]
    for index in range(8):
        left, top = random.uniform(0, 0.5, 2)
        name = f"{'deep/' if index % 2 else ''}{index}.png"
        rows.append(f"{name},{('colour', 'neckline')[index % 2]},{left:.4f},{top:.4f},{left + 0.5:.4f},{top + 0.5:.4f}")
    Path("boxes.csv").write_text("\n".join(rows))
    return "boxes.csv"


@pytest.mark.parametrize("fit", FITS)
def test_the_command_counts_like_a_loop_in_the_photo(run, write_bundle, manifest, shop, boxed, fit):
    bundle = write_bundle(manifest=replace(manifest, preprocessing=replace(manifest.preprocessing, fit=fit)))
    status, out, _ = run("point", bundle.path, "--data", "shop", "--boxes", boxed, "--json")
    embedder = Embedder(bundle.path)
    hits: dict[str, list[bool]] = {"colour": [], "neckline": []}
    for row in Path(boxed).read_text().splitlines()[1:8]:
        image, name, *edges = row.split(",")
        left, top, right, bottom = map(float, edges)
        maps = embedder.embed([shop / image], name, attention=True).attention
        assert maps is not None
        attention = maps[0, 0]
        row, column = np.unravel_index(attention.argmax(), attention.shape)
        width, height = open_image(shop / image).size  # 18 x 24: cropped, the square lies 3 pixels below the top
        assert (width, height) == (18, 24)
        if fit == "crop":
            x, y = (column + 0.5) / 4 * width / width, (3 + (row + 0.5) / 4 * width) / height
        else:  # padded, the photo takes three quarters of the width
            x, y = ((column + 0.5) / 4 - 1 / 8) / (3 / 4), (row + 0.5) / 4
        hits[name].append(left <= x <= right and top <= y <= bottom)
    answer = json.loads(out)
    assert (status, answer["photos"], answer["skipped"], answer["missing"]) == (0, 7, [], 0)
    assert {each["attribute"]: (each["photos"], each["hits"]) for each in answer["attributes"]} == {
        name: (len(each), sum(each)) for name, each in hits.items()
    }
    assert answer["overall"]["hits"] == sum(map(sum, hits.values()))


def test_the_command_measures_the_attribute_that_is_asked_for(run, bundle, shop, boxed):
    argv = ("point", bundle.path, "--data", "shop/labels.csv", "--boxes", boxed)
    status, out, _ = run(*argv, "--attribute", "neckline")
    assert (status, [line.split()[0] for line in out.splitlines()]) == (0, ["attribute", "neckline", "all"])
    Path(boxed).write_text(f"{HEADER}\n0.png,colour,0,0,1,1")
    status, _, err = run(*argv, "--attribute", "neckline")
    assert (status, "no box of neckline in split 'valid'" in err) == (1, True)
    assert run(*argv, "--attribute", "hem")[0] == 2


def test_the_report_says_the_same_as_the_command(run, bundle, shop, boxed):
    argv = ("--data", "shop", "--boxes", boxed, "--json")
    _, pointed, _ = run("point", bundle.path, *argv)
    status, reported, err = run("report", bundle.path, *argv, "--no-maps", "--out", "report.html")
    answer, expected = json.loads(reported)["attention"], json.loads(pointed)
    assert status == 0
    assert answer["pointing"] == {name: expected[name] for name in ("attributes", "overall", "missing")}
    assert answer["shared"].keys() == {"colour", "neckline"}
    assert answer["doubtful"].keys() <= {"colour", "neckline"}
    for name, reason in answer["doubtful"].items():
        assert f"{name}: attention is {reason}; the page marks its maps as doubtful" in err
    assert "Fixed place" in Path("report.html").read_text()
    narrow = ("--attribute", "neckline", "--no-maps", "--out", "report.html")
    answer = json.loads(run("report", bundle.path, *argv, *narrow)[1])["attention"]
    assert [score["attribute"] for score in answer["pointing"]["attributes"]] == ["neckline"]


def test_a_report_refuses_boxes_that_it_cannot_use(run, write_bundle, manifest, reference, bundle, shop, boxed):
    argv = ("--data", "shop", "--no-maps", "--out", "report.html", "--boxes")
    assert "no.csv" in run("report", bundle.path, *argv, "no.csv")[2]
    blind = write_bundle(manifest=replace(manifest, attention_shape=None), reference=replace(reference, attention=None))
    status, _, err = run("report", blind.path, *argv, boxed)
    assert (status, "has no attention maps" in err.splitlines()[-1]) == (1, True)
    rows = (shop / "labels.csv").read_text().splitlines()
    (shop / "labels.csv").write_text("\n".join([f"{rows[0]},box", *(f"{row},0 0 9 9" for row in rows[1:])]))
    status, _, err = run("report", bundle.path, *argv, boxed)
    assert (status, "pointing takes whole photos: leave out column 'box'" in err) == (1, True)
    assert not Path("report.html").exists()


def test_a_model_without_attention_cannot_point(run, write_bundle, manifest, reference, shop, boxed):
    bundle = write_bundle(
        manifest=replace(manifest, attention_shape=None), reference=replace(reference, attention=None)
    )
    status, out, err = run("point", bundle.path, "--data", "shop", "--boxes", boxed)
    assert (status, out) == (1, "")
    assert "its model, tiny, has no attention maps; expected one with spatial attention" in err.splitlines()[-1]
