"""Loading a data set, complete or with faults."""

import logging
import shutil

import numpy as np
import pytest
from PIL import Image

from fashionsdk.errors import LabelsError
from fashionsdk.photos import Preprocessing
from fashionsdk_training.data.training_data import load_training_data
from fashionsdk_training.errors import DataError


@pytest.fixture
def shop(table, tmp_path):
    """A copy of the table and its photos that a test may break."""
    return shutil.copytree(table.parent, tmp_path / "shop") / table.name


def load(shop, tmp_path):
    return load_training_data(shop, 32, 36, tmp_path / "cache")


def test_photos_and_labels_belong_together(shop, tmp_path):
    data = load(shop, tmp_path)
    assert data.photos.pixels.shape == (40, 36, 36, 3)
    assert data.retrieval_photos.pixels.shape == (20, 32, 32, 3)
    green = data.values[:, 0] == data.labels.attributes[0].values.index("green")
    channels = data.photos.pixels.reshape(40, -1, 3).mean(axis=1)
    np.testing.assert_array_equal(channels[:, 1] > channels[:, 0], green)


def test_padded_photos_are_stored_whole(shop, tmp_path):
    data = load_training_data(shop, 32, 36, tmp_path / "cache", fit="pad")
    assert data.preprocessing == Preprocessing(32, fit="pad")
    for paths, photos, side in (
        (data.labels.paths, data.photos.pixels, 36),
        (data.retrieval.paths, data.retrieval_photos.pixels, 32),
    ):
        for path, pixels in zip(paths, photos, strict=True):
            np.testing.assert_array_equal(pixels, Preprocessing(side, fit="pad").read(path))
    assert (data.photos.pixels[:, [0, 1, 2, -3, -2, -1]] == 255).all()  # 48 x 40 pixels, three rows at each edge
    assert (load(shop, tmp_path).photos.pixels[:, 0] != 255).any()  # the same cache


def test_an_unreadable_photo_loses_its_labels_and_is_counted(shop, tmp_path, caplog):
    (shop.parent / "0.png").unlink()
    (shop.parent / "1.png").write_bytes(b"")
    with caplog.at_level(logging.INFO):
        data = load(shop, tmp_path)
    assert (data.values[:2] == -1).all()
    assert (data.values[2:, 0] >= 0).all()
    assert "2 of 40 photos cannot be read" in caplog.text
    assert "have no label" not in caplog.text  # a photo is counted once


def test_a_photo_without_a_label_is_counted(shop, tmp_path, caplog):
    shop.write_text(shop.read_text().replace("\n0.png,train,red,horizontal", "\n0.png,train,,"))
    with caplog.at_level(logging.INFO):
        load(shop, tmp_path)
    assert "1 of 40 training photos have no label" in caplog.text


@pytest.mark.parametrize(
    ("row", "changed", "message"),
    [
        (
            "41.png,valid,green",
            "41.png,valid,grene",
            "1 validation labels have a value unknown in training: colour=grene (1)",
        ),
        ("0.png,train,red,horizontal", "0.png,train,crimson,", "1 photos share no value with another"),
        ("0.png,train,red", "0.png,train,crimson", "colour: 1 values have one photo: crimson"),
    ],
)
def test_a_value_with_few_or_no_training_photos_is_counted(shop, tmp_path, caplog, row, changed, message):
    shop.write_text(shop.read_text().replace(row, changed, 1))
    with caplog.at_level(logging.WARNING):
        load(shop, tmp_path)
    assert message in caplog.text


def test_attributes_can_be_chosen(shop, tmp_path):
    data = load_training_data(shop, 32, 36, tmp_path / "cache", attributes=["stripes"])
    assert [attribute.name for attribute in data.labels.attributes] == ["stripes"]
    assert data.values.shape == (40, 1)
    assert set(data.retrieval.queries[:, 1].tolist()) == {data.retrieval.attributes.index(data.labels.attributes[0])}


def test_a_photo_in_both_splits_is_an_error(shop, tmp_path):
    shop.write_text(shop.read_text() + "3.png,valid,green,\n7.png,valid,green,\n8.png,valid,red,\n9.png,valid,red,\n")
    with pytest.raises(DataError, match=r"photos are in both 'train' and 'valid', first 3\.png"):
        load(shop, tmp_path)


def test_an_empty_split_is_an_error(shop, tmp_path):
    shop.write_text(shop.read_text().replace(",valid,", ",test,"))
    with pytest.raises(LabelsError, match="split 'valid' is empty"):
        load(shop, tmp_path)


def test_a_split_without_a_readable_photo_is_an_error(shop, tmp_path):
    for number in range(40, 60):
        (shop.parent / f"{number}.png").unlink()
    with pytest.raises(DataError, match="none of the 20 photos of split 'valid' can be read"):
        load(shop, tmp_path)


def test_the_digest_changes_with_the_labels(shop, tmp_path):
    before = load(shop, tmp_path).digest
    assert load(shop, tmp_path).digest == before
    original = shop.read_text()
    shop.write_text(original.replace("2.png,train,red", "2.png,train,green", 1))
    assert load(shop, tmp_path).digest != before
    shop.write_text(original.replace("42.png,valid,red", "42.png,valid,green", 1))
    assert load(shop, tmp_path).digest != before
    shop.write_text(original)
    (shop.parent / "3.png").unlink()
    assert load(shop, tmp_path).digest != before


def test_garments_of_one_photo_are_cut_out_of_it(tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / "a.png")
    Image.fromarray(photo[::-1]).save(tmp_path / "b.png")
    rows = [f"a.png,train,{10 * i} 0 {10 * i + 30} 50,{'xy'[i % 2]}" for i in range(4)]
    rows += [f"b.png,valid,{10 * i} 0 {10 * i + 30} 50,{'xy'[i % 2]}" for i in range(4)]
    rows.append("a.png,train,0 0 81 60,x")
    (tmp_path / "labels.csv").write_text("\n".join(["image,split,box,kind", *rows]))
    data = load_training_data(tmp_path, 32, 36, tmp_path / "cache", fit="pad")
    assert list(data.photos.unreadable) == [4]
    assert "expected the box 0 0 81 60" in data.photos.unreadable[4]
    for i in range(4):
        cut = np.ascontiguousarray(photo[:50, 10 * i : 10 * i + 30])
        expected = Preprocessing(36, fit="pad").read(cut)
        assert np.array_equal(data.photos.pixels[i], expected)
        assert data.photos.photo(i).shape == (36, 21, 3)
    whole = load_training_data(tmp_path, 32, 36, tmp_path / "cache")
    assert whole.photos.photo(0).shape == (36, 36, 3)
