"""What is odd about a table is said before any photo is decoded."""

import logging
import shutil

import numpy as np
import pytest
from PIL import Image

from fashionsdk_training.data import load_training_data, read_training_labels
from fashionsdk_training.errors import DataError

TYPES = ("T-Shirt", "Pants", "Longsleeve")
SLEEVES = {"T-Shirt": "short", "Pants": "", "Longsleeve": "long"}


def rows(**changes):
    """Return 27 rows: of each type six photos for training, then three for validation; columns are replaced."""
    result = []
    for n in range(27):
        row = {"image": f"photos/p{n:02}.jpg", "split": "train" if n % 9 < 6 else "valid", "type": TYPES[n // 9]}
        row["sleeve"] = SLEEVES[row["type"]]
        result.append(row | {name: change(n, row) for name, change in changes.items()})
    return result


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder of 27 small photos, all different."""
    folder, rng = tmp_path_factory.mktemp("shop"), np.random.default_rng(0)
    (folder / "photos").mkdir()
    for n in range(27):
        Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)).save(folder / f"photos/p{n:02}.jpg")
    return folder


def write(folder, table):
    lines = [",".join(table[0]), *(",".join(map(str, row.values())) for row in table)]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "labels.csv"


def read(folder, table, caplog, **options):
    """Return the labels of a table, and what was said about it."""
    path = write(folder, table)
    with caplog.at_level(logging.WARNING):
        labels = read_training_labels(path, **options)
    return labels, [record.message.removeprefix(f"{path}: ") for record in caplog.records]


def names(labels):
    return [attribute.name for attribute in labels.labels.attributes]


def test_nothing_is_said_about_a_good_table(photos, caplog):
    labels, said = read(photos, rows(), caplog)
    assert (names(labels), said) == (["type", "sleeve"], [])
    assert labels.labels.lines[:7] == (2, 3, 4, 5, 6, 7, 11)


def test_products_and_prices_are_left_out_unless_they_are_chosen(photos, caplog):
    table = rows(product_id=lambda n, _: 1000 + n, price=lambda n, _: f"{9 + n}.99")
    labels, said = read(photos, table, caplog)
    assert names(labels) == ["type", "sleeve"]
    assert [text.partition(",")[0] for text in said] == [
        "column 'product_id' is left out",
        "column 'price' is left out",
    ]
    caplog.clear()
    labels, _ = read(photos, table, caplog, attributes=["sleeve", "type"])
    assert (names(labels), names(labels)) == (["sleeve", "type"], ["sleeve", "type"])


def test_an_attribute_of_one_value_in_validation_is_said(photos, caplog):
    table = rows(type=lambda _, row: row["type"] if row["split"] == "train" else "T-Shirt")
    _, said = read(photos, table, caplog)
    assert "one value in split 'valid', so not part of the mean over attributes: type" in said


def test_validation_without_two_values_of_any_attribute_is_an_error(photos, caplog):
    table = rows(type=lambda *_: "T-Shirt", sleeve=lambda _, row: "" if row["split"] == "valid" else row["sleeve"])
    with pytest.raises(DataError, match="no attribute has two values in split 'valid'"):
        read(photos, table, caplog)


def test_rows_of_other_splits_are_counted(photos, caplog):
    table = rows(split=lambda n, row: {0: "test", 1: "test", 2: "", 9: "Train"}.get(n, row["split"]))
    _, said = read(photos, table, caplog)
    assert said == [
        "4 rows are neither of split 'train' nor of 'valid' and are not used: 'test' (2), '' (1), 'Train' (1)"
    ]


def test_backslashes_lead_to_the_photos(photos, caplog):
    table = rows(image=lambda n, _: f"photos\\p{n:02}.jpg")
    labels, said = read(photos, table, caplog)
    assert all(path.is_file() for path in labels.labels.paths)
    assert said == ["27 paths have '\\' between folders, read as '/': lines 2, 3, 4, 5, 6 and 22 more"]


def test_one_word_in_two_spellings_is_said(photos, caplog):
    table = rows(type=lambda n, row: row["type"].upper() if n in (4, 14, 20) else f"{row['type']} ")
    _, said = read(photos, table, caplog)
    assert [text.partition(" are ")[0].replace("'", "") for text in said] == [
        "column type: T-Shirt (lines 2, 3, 4, 5, 7 and 3 more), T-SHIRT (line 6)",
        "column type: Pants (lines 11, 12, 13, 14, 15 and 3 more), PANTS (line 16)",
        "column type: Longsleeve (lines 20, 21, 23, 24, 25 and 3 more), LONGSLEEVE (line 22)",
    ]


def test_an_unreadable_photo_is_counted_once(photos, caplog, tmp_path):
    (photos / "photos/text.jpg").write_text("no photo")
    path = write(photos, rows(image=lambda n, row: "photos/text.jpg" if n == 2 else row["image"]))
    with caplog.at_level(logging.INFO):
        load_training_data(path, 32, 36, tmp_path)
    said = [record.message for record in caplog.records]
    assert sum("1 of 18 photos cannot be read" in text for text in said) == 1
    assert not any("no label" in text for text in said)


def test_a_copy_in_validation_is_an_error_before_any_photo_is_decoded(photos, tmp_path):
    shutil.copy(photos / "photos/p00.jpg", photos / "photos/copy.jpg")
    path = write(photos, rows(image=lambda n, row: "photos/copy.jpg" if n == 26 else row["image"]))
    with pytest.raises(DataError, match=r"first photos/p00\.jpg \(line 2\) and photos/copy\.jpg \(line 28\)"):
        load_training_data(path, 32, 36, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
