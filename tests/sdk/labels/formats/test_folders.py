"""Hugging Face image folders, and folders by value."""

import json

import pytest

from fashionsdk.errors import LabelsError
from fashionsdk.labels import LabelSource, read_labels
from tests.sdk.labels.formats.tables import photo, write


def table(path, attributes=None, **options):
    found = LabelSource.open(path, attributes, **options).table
    assert found is not None
    return found


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_metadata_names_photos_and_their_folders_name_splits(tmp_path, ending):
    rows = [("train/a.jpg", "red"), ("validation/b.jpg", "blue"), ("test/deep/c.jpg", "red")]
    write(tmp_path / f"metadata.{ending}", ("file_name", "colour"), rows)
    found = table(tmp_path)
    assert [(row["image"], row["split"], row["colour"]) for row in found.rows] == [
        ("train/a.jpg", "train", "red"),
        ("validation/b.jpg", "valid", "blue"),
        ("test/deep/c.jpg", "test", "red"),
    ]
    assert found.notes == (
        "the photos' folders name the splits: 'train' (1), 'valid' (1), 'test' (1); 'validation' is read as 'valid'",
    )
    assert [row["image"] for row in table(tmp_path / f"metadata.{ending}").rows] == [row[0] for row in rows]


def test_each_split_s_folder_may_have_its_metadata(tmp_path):
    write(tmp_path / "train/metadata.csv", ("file_name", "colour"), [("a.jpg", "red"), ("x/b.jpg", "blue")])
    write(tmp_path / "val/metadata.jsonl", ("file_name", "sleeve"), [("a.jpg", "long")])
    found = table(tmp_path)
    assert [(row["image"], row["split"], row["colour"], row["sleeve"]) for row in found.rows] == [
        ("train/a.jpg", "train", "red", ""),
        ("train/x/b.jpg", "train", "blue", ""),
        ("val/a.jpg", "valid", "", "long"),
    ]
    assert found.lines == (2, 3, 4)
    assert found.notes[0] == (
        "2 metadata files are read as one table, lines counted through: train/metadata.csv from line 1, "
        "val/metadata.jsonl from line 4"
    )
    assert LabelSource.open(tmp_path).labels("valid").paths == [tmp_path / "val/a.jpg"]


def test_a_column_split_outdoes_the_folders(tmp_path):
    write(tmp_path / "metadata.csv", ("file_name", "split", "c"), [("train/a.jpg", "holdout", "x")])
    assert read_labels(tmp_path, "holdout").images == ("train/a.jpg",)


@pytest.mark.parametrize("path", ["../a.jpg", "/etc/passwd", "x/../../a.jpg", "..\\a.jpg", "C:\\a.jpg", "a\0.jpg", ""])
def test_a_path_that_leaves_the_folder_is_an_error_with_its_line(tmp_path, path):
    lines = [json.dumps({"file_name": name, "split": "train", "c": "x"}) for name in ("a.jpg", path)]
    (tmp_path / "metadata.jsonl").write_text("\n".join(lines))
    with pytest.raises(LabelsError, match=r"line 2: file_name is .*; expected the path of a photo in this folder"):
        table(tmp_path)


def test_two_metadata_files_in_one_folder_and_none_are_errors(tmp_path):
    with pytest.raises(LabelsError, match=r"no metadata\.csv, metadata\.jsonl, metadata\.parquet here"):
        table(tmp_path, format="huggingface")
    for ending in ("csv", "jsonl"):
        write(tmp_path / f"metadata.{ending}", ("file_name", "c"), [("a.jpg", "x")])
    with pytest.raises(LabelsError, match="two metadata files; expected one"):
        table(tmp_path)


def test_metadata_without_file_name_is_an_error(tmp_path):
    write(tmp_path / "metadata.csv", ("text", "c"), [("a.jpg", "x")])
    with pytest.raises(LabelsError, match="no column 'file_name'; got text, c"):
        table(tmp_path)


def test_folders_by_attribute_and_value_and_split(tmp_path):
    for name in ("train/colour/red/1.jpg", "train/colour/blue/2.jpg", "val/sleeve/long/3.png", "train/loose.jpg"):
        photo(tmp_path / name)
    for name in ("train/colour/red/notes.txt", "train/colour/red/.hidden.jpg", ".cache/colour/red/4.jpg"):
        photo(tmp_path / "x.png").rename(tmp_path / "x")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "x").rename(tmp_path / name)
    found = table(tmp_path)
    assert [(row["image"], row["split"], row["colour"], row["sleeve"]) for row in found.rows] == [
        ("train/colour/blue/2.jpg", "train", "blue", ""),
        ("train/colour/red/1.jpg", "train", "red", ""),
        ("val/sleeve/long/3.png", "valid", "", "long"),
    ]
    assert found.attribute_columns == ("colour", "sleeve")
    assert found.notes == (
        "read as folders by value; attributes: colour, sleeve",
        "the folder 'val' is read as split 'valid'",
        "1 photos lie in other folders and are left out; expected ATTRIBUTE/VALUE/photo.jpg or VALUE/photo.jpg, each "
        "perhaps below a folder for the split",
    )


def test_folders_by_value_take_the_attribute_s_name(tmp_path):
    for name in ("train/red/1.jpg", "valid/blue/2.jpg"):
        photo(tmp_path / name)
    with pytest.raises(LabelsError, match=r"its folders are values \(blue, red\) of an attribute without a name"):
        table(tmp_path)
    with pytest.raises(LabelsError, match="without a name"):
        table(tmp_path, ["colour", "sleeve"])
    labels = LabelSource.open(tmp_path, ["colour"]).labels("valid")
    assert [(attribute.name, attribute.values) for attribute in labels.attributes] == [("colour", ("blue", "red"))]
    assert labels.matrix().tolist() == [[0]]


def test_a_folder_called_like_a_column_and_photos_elsewhere_are_errors(tmp_path):
    photo(tmp_path / "Split/red/1.jpg")
    with pytest.raises(LabelsError, match="a folder is called 'Split', which is no attribute's name"):
        table(tmp_path, splits=False)
    with pytest.raises(ValueError, match="leave out the photos' folder"):
        table(tmp_path, photos=tmp_path)


def test_folders_that_link_in_a_circle_end(tmp_path):
    photo(tmp_path / "colour/red/1.jpg")
    (tmp_path / "colour/red/again").symlink_to(tmp_path)
    assert len(table(tmp_path, splits=False).rows) == 1
