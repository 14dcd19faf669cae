"""Boxes of training photos: which are read, and where they lie in stored photos."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fashionsdk.errors import LabelsError
from fashionsdk.labels import LabelSource
from fashionsdk.photos import Fit
from fashionsdk_training.data import load_training_data, read_training_labels

HEADER = "image,attribute,left,top,right,bottom"
GOOD = ("0.png,colour,0.1,0.2,0.5,1", "0.png,stripes,0,0,1,1", "7.png,colour,0.5,0.5,0.75,0.625")


@pytest.fixture
def shop(table, tmp_path):
    """A copy of the table and its photos that a test may break."""
    return shutil.copytree(table.parent, tmp_path / "shop") / table.name


def boxes_file(folder, *rows, header=HEADER):
    path = folder / "boxes.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def load(shop, tmp_path, *rows, **options):
    return load_training_data(shop, 32, 36, tmp_path / "cache", boxes=boxes_file(tmp_path, *rows), **options)


def test_boxes_of_training_photos_are_read_and_those_of_other_splits_left_out(shop, tmp_path, caplog):
    caplog.set_level("INFO")
    labels = read_training_labels(shop, boxes=boxes_file(tmp_path, *GOOD, "50.png,colour,0,0,1,1"))
    edges = {
        photo: {name: (box.left, box.top, box.right, box.bottom) for name, box in named.items()}
        for photo, named in labels.boxes.items()
    }
    assert edges == {
        0: {"colour": (0.1, 0.2, 0.5, 1.0), "stripes": (0.0, 0.0, 1.0, 1.0)},
        7: {"colour": (0.5, 0.5, 0.75, 0.625)},
    }
    assert "3 boxes in 2 training photos say where attention lies" in caplog.text
    assert read_training_labels(shop).boxes == {}


def test_boxes_of_attributes_that_are_not_trained_are_left_out(shop, tmp_path):
    labels = read_training_labels(shop, attributes=["stripes"], boxes=boxes_file(tmp_path, *GOOD))
    assert {photo: list(named) for photo, named in labels.boxes.items()} == {0: ["stripes"]}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "none of its 0 boxes is in a photo of this split"),
        (["50.png,colour,0,0,1,1"], "none of its 1 boxes is in a photo of this split"),
        (["nowhere.png,colour,0,0,1,1"], "line 2: the table has no image 'nowhere.png'"),
        (["0.png,fit,0,0,1,1"], "line 2: unknown attribute 'fit'; the table has colour, stripes"),
        (["0.png,colour,0.5,0,0.5,1"], "line 2: left is 0.5 and right 0.5; expected left below right"),
        (["0.png,colour,0,0,48,40"], "line 2: right is 48; expected a fraction of the photo, 0 to 1"),
        (["0.png,colour,0,0,nan,1"], "line 2: right is nan"),
        (["0.png,colour,0,0,1,1", "0.png,colour,0,0,1,1"], "line 3"),
    ],
)
def test_a_bad_file_of_boxes_is_refused_before_photos_are_decoded(shop, tmp_path, rows, message):
    with pytest.raises(LabelsError) as caught:
        load(shop, tmp_path, *rows)
    assert message in str(caught.value)
    assert not (tmp_path / "cache").exists()


def test_a_file_of_boxes_that_is_missing_or_of_other_columns_is_refused(shop, tmp_path):
    with pytest.raises(LabelsError, match="nowhere"):
        read_training_labels(shop, boxes=tmp_path / "nowhere.csv")
    with pytest.raises(LabelsError, match=f"expected {HEADER}"):
        read_training_labels(shop, boxes=boxes_file(tmp_path, header="image,left,top,right,bottom"))


def test_no_box_of_a_trained_attribute_is_an_error(shop, tmp_path):
    with pytest.raises(LabelsError, match="no box of stripes in a training photo; expected at least one"):
        read_training_labels(shop, attributes=["stripes"], boxes=boxes_file(tmp_path, GOOD[0]))


def test_a_table_that_cuts_garments_out_of_photos_takes_no_boxes(shop, tmp_path):
    header, *rows = shop.read_text().splitlines()
    shop.write_text("\n".join([f"{header},box", *(f"{row},0 0 20 20" for row in rows)]) + "\n")
    source = LabelSource.open(shop)
    assert source.labels("train").boxes
    with pytest.raises(LabelsError, match="training with boxes of attributes takes whole photos"):
        read_training_labels(shop, boxes=boxes_file(tmp_path, *GOOD))


@pytest.mark.parametrize("fit", ["pad", "crop"])
def test_a_box_holds_in_the_stored_photo_what_it_holds_in_the_photo(shop, tmp_path, fit: Fit):
    """The photo is white inside the box and black outside: so is the stored one, but for the pixels at the edges."""
    pixels = np.zeros((40, 48, 3), np.uint8)
    pixels[10:30, 16:32] = 255
    Image.fromarray(pixels).save(shop.parent / "7.png")
    data = load(shop, tmp_path, f"7.png,stripes,{16 / 48},{10 / 40},{32 / 48},{30 / 40}", fit=fit)
    stored = data.photos.photo(7)[..., 0] / 255.0
    assert data.boxes is not None
    left, top, right, bottom = data.boxes[7, 1]
    np.testing.assert_allclose(stored[:, stored.shape[1] // 2].sum(), bottom - top, atol=0.1)
    np.testing.assert_allclose(stored[stored.shape[0] // 2].sum(), right - left, atol=0.1)
    rows, columns = (np.arange(length) + 0.5 for length in stored.shape)
    centre = (stored.sum(axis=1) @ rows, stored.sum(axis=0) @ columns) / stored.sum()
    np.testing.assert_allclose(centre, ((top + bottom) / 2, (left + right) / 2), atol=0.1)


def test_boxes_may_lie_outside_of_what_a_crop_stores(shop, tmp_path):
    """48 x 40 pixels become 43 x 36, and 4 of the columns are cut off at the left."""
    data = load(shop, tmp_path, "7.png,colour,0,0,1,1")
    assert data.boxes is not None
    np.testing.assert_allclose(data.boxes[7, 0], [-4, 0, 39, 36])


def test_photos_without_a_box_and_unreadable_ones_have_none(shop, tmp_path):
    (shop.parent / "0.png").write_bytes(b"")
    data = load(shop, tmp_path, *GOOD)
    assert data.boxes is not None
    assert data.boxes.shape == (40, 2, 4)
    assert {tuple(pair) for pair in np.argwhere(np.isfinite(data.boxes).all(axis=-1)).tolist()} == {(7, 0)}
    assert load_training_data(shop, 32, 36, tmp_path / "cache").boxes is None


def test_a_run_is_another_with_boxes_and_with_other_boxes(shop, tmp_path):
    without = load_training_data(shop, 32, 36, tmp_path / "cache")
    with_boxes, others = load(shop, tmp_path, *GOOD), load(shop, tmp_path, *GOOD[:2])
    assert len({without.digest, with_boxes.digest, others.digest}) == 3
    assert load(shop, tmp_path, *GOOD).digest == with_boxes.digest
    assert replace(with_boxes, boxes=None).digest == without.digest
