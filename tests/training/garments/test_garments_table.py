"""The data set on disk: pictures, labels.csv and boxes.csv."""

import csv
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from fashionsdk_training.garments import ATTRIBUTES, draw, write_table
from fashionsdk_training.garments.__main__ import main
from fashionsdk_training.garments.render import Scenes

SIDE = 40
JPEG_ATOL = 12.0  # mean grey levels that compression changes in a picture this small; 5.9 measured


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_table_describes_the_pictures(tmp_path):
    labels = write_table(tmp_path / "new" / "set", train=5, valid=3, seed=4, side=SIDE)
    rows = read(labels)
    assert list(rows[0]) == ["image", "split", *(each.name for each in ATTRIBUTES)]
    assert [row["split"] for row in rows] == ["train"] * 5 + ["valid"] * 3
    assert len({row["image"] for row in rows}) == 8
    for index, row in enumerate(rows[:5]):
        expected = draw(index, seed=4, side=SIDE)
        assert row["image"] == f"images/train-{index:05d}.jpg"
        assert {name: row[name] for name in expected.values} == expected.values
        assert all(row[each.name] == "" for each in ATTRIBUTES if each.name not in expected.values)
        with Image.open(labels.parent / row["image"]) as image:
            assert (image.format, image.size) == ("JPEG", (SIDE, SIDE))
            difference = np.asarray(image, dtype=np.int16) - np.asarray(expected.image)
        assert np.abs(difference).mean() < JPEG_ATOL


def test_every_label_has_one_box(tmp_path):
    labels = write_table(tmp_path, train=4, valid=2, side=SIDE)
    boxes = {(row["image"], row["attribute"]): row for row in read(tmp_path / "boxes.csv")}
    named = {(row["image"], each.name) for row in read(labels) for each in ATTRIBUTES if row[each.name]}
    assert boxes.keys() == named
    for index in range(4):
        for name, box in draw(index, side=SIDE).boxes.items():
            row = boxes[f"images/train-{index:05d}.jpg", name]
            edges = [float(row[edge]) for edge in ("left", "top", "right", "bottom")]
            np.testing.assert_allclose(edges, box, rtol=0, atol=5e-5)


def test_workers_do_not_change_what_is_written(tmp_path):
    write_table(tmp_path / "one", train=6, valid=2, side=SIDE, workers=1)
    write_table(tmp_path / "two", train=6, valid=2, side=SIDE, workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_split_does_not_depend_on_the_size_of_the_other(tmp_path):
    write_table(tmp_path / "small", train=1, valid=2, side=SIDE)
    write_table(tmp_path / "large", train=3, valid=2, side=SIDE)
    small, large = contents(tmp_path / "small" / "images"), contents(tmp_path / "large" / "images")
    assert small.items() <= large.items()
    assert len(set(large.values())) == 5


def test_a_run_that_fails_leaves_no_labels(tmp_path):
    write_table(tmp_path, train=2, valid=0, side=SIDE)
    (tmp_path / "images" / "valid-00000.jpg").mkdir()
    with pytest.raises(OSError, match=r"valid-00000\.jpg"):
        write_table(tmp_path, train=2, valid=1, side=SIDE)
    assert not (tmp_path / "labels.csv").exists()


def test_a_table_of_somebody_else_is_never_replaced(tmp_path, capsys):
    labels = tmp_path / "labels.csv"
    columns = ",".join(each.name for each in ATTRIBUTES)
    for text in ("image,split,colour\na.jpg,train,red\n", f"image,split,{columns}\nphotos/a.jpg,train{',' * 8}\n"):
        labels.write_text(text)
        assert main([str(tmp_path), "--train", "1", "--valid", "1", "--side", str(SIDE)]) == 1
        assert "is no table of drawn garments; choose another folder" in capsys.readouterr().err
        assert labels.read_text() == text


def test_a_folder_that_cannot_be_written_is_one_line(capsys):
    assert main(["/proc/x", "--train", "1"]) == 1
    assert capsys.readouterr().err == "garments: error: /proc/x: No such file or directory\n"


@pytest.mark.parametrize(
    "wrong",
    [{"train": 0}, {"valid": -1}, {"seed": -1}, {"side": 8}, {"workers": 0}, {"scenes": "round"}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_bad_arguments_are_an_error_before_anything_is_written(tmp_path, wrong):
    with pytest.raises(ValueError, match="expected"):
        write_table(tmp_path / "out", **({"train": 1, "valid": 1} | wrong))
    assert not (tmp_path / "out").exists()


def test_the_command_line_writes_a_data_set(tmp_path, capsys):
    main([str(tmp_path), "--train", "2", "--valid", "1", "--side", str(SIDE), "--seed", "9"])
    assert "2 train and 1 valid pictures" in capsys.readouterr().out
    assert len(read(tmp_path / "labels.csv")) == 3


def test_the_command_line_writes_the_scenes_that_are_asked_for(tmp_path, capsys):
    asked: dict[str, list[str]] = {
        "default": [],
        "square": ["--scenes", "square"],
        "mixed": ["--scenes", "mixed"],
        "anywhere": ["--scenes", "anywhere"],
        "short": ["--anywhere"],
    }
    written = {}
    for name, options in asked.items():
        assert main([str(tmp_path / name), "--train", "3", "--valid", "0", "--side", str(SIDE), *options]) == 0
        written[name] = contents(tmp_path / name)
    assert written["default"] == written["square"]
    assert written["short"] == written["anywhere"]
    for name in get_args(Scenes):
        drawn = draw(2, side=SIDE, scenes=name).image
        with Image.open(tmp_path / name / "images/train-00002.jpg") as image:
            assert image.size == drawn.size
            difference = np.asarray(image, dtype=np.int16) - np.asarray(drawn)
        assert np.abs(difference).mean() < JPEG_ATOL
    with pytest.raises(SystemExit):
        main([str(tmp_path / "both"), "--anywhere", "--scenes", "mixed"])
    assert "not allowed with" in capsys.readouterr().err


def test_the_command_line_explains_a_bad_argument(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path), "--train", "0"])
    assert stop.value.code == 2
    assert "0 train" in capsys.readouterr().err
