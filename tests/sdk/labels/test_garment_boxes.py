"""The column ``box`` of label tables: several garments in one photo."""

from pathlib import Path

import numpy as np
import pytest

from fashionsdk.errors import LabelsError
from fashionsdk.labels import read_labels, read_retrieval
from fashionsdk.photos import Cutout


def table(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_photo_stands_in_a_split_once_for_each_garment(tmp_path: Path):
    path = table(
        tmp_path,
        "image,split,Box,kind",
        "a.jpg,train,1 2 30 40,top",
        "a.jpg,train,5.4 6 70.6 80,shoe",
        "b.jpg,train,,top",
    )
    labels = read_labels(path, "train")
    assert [attribute.name for attribute in labels.attributes] == ["kind"]
    assert labels.images == ("a.jpg", "a.jpg", "b.jpg")
    assert labels.boxes == ((1, 2, 30, 40), (5, 6, 71, 80), None)
    first, second, third = labels.sources
    assert isinstance(first, Cutout)
    assert isinstance(second, Cutout)
    assert (first.photo, second.photo, third) == (tmp_path / "a.jpg", tmp_path / "a.jpg", tmp_path / "b.jpg")
    with pytest.raises(LabelsError, match=r"a\.jpg \(line 2\) has a box; pointing takes whole photos"):
        labels.check_whole("pointing")


def test_queries_keep_their_boxes_when_some_attributes_are_chosen(tmp_path: Path):
    rows = [f"a.jpg,valid,{i} 0 {i + 10} 10,{'top' if i % 2 else ''},red" for i in range(12)]
    split = read_retrieval(table(tmp_path, "image,split,box,kind,colour", *rows), "valid").select(["kind"])
    assert [box and box[0] for box in split.boxes] == [1, 3, 5, 7, 9, 11]
    assert len(np.unique(split.queries[:, 0])) == 2


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("1 2 3", "box is '1 2 3', 3 numbers; expected four numbers with spaces between"),
        ("1;2;3;4", "box is '1;2;3;4'; expected four numbers"),
        ("nan 0 1 1", "left of the box is nan; expected pixels of the photo, 0 or more"),
        ("0 -3 1 1", "top of the box is -3"),
        ("0 0 inf 1", "right of the box is inf"),
        ("9 0 4 5", "box is 9 0 4 5; expected left below right"),
        ("1 1 5 1", "box is 1 1 5 1; expected left below right and top below bottom"),
    ],
)
def test_a_bad_box_is_an_error_that_names_its_line(tmp_path: Path, cell: str, message: str):
    path = table(tmp_path, "image,split,box,kind", "a.jpg,train,0 0 5 5,top", f"b.jpg,train,{cell},top")
    with pytest.raises(LabelsError) as caught:
        read_labels(path, "train")
    assert str(caught.value).startswith(f"{path}, line 3: {message}")


def test_the_same_box_twice_is_an_error(tmp_path: Path):
    path = table(tmp_path, "image,split,box,kind", "a.jpg,train,0 0 5 5,top", "a.jpg,train,0  0 5.0 5,shoe")
    with pytest.raises(LabelsError, match=r"line 3: 'a\.jpg', box '0 0 5 5', in split 'train' is on line 2 too"):
        read_labels(path, "train")


def test_a_table_without_boxes_has_none(tmp_path: Path):
    labels = read_labels(table(tmp_path, "image,split,box,kind", "a.jpg,train,,top"), "train")
    assert labels.boxes == ()
    assert labels.sources == labels.paths
