"""``training/labels.py`` as a user runs it: what it prints, writes and refuses, and how decisions come back."""

import csv
import json
import re
import shutil
from contextlib import redirect_stdout
from io import StringIO

import numpy as np
import pytest
from PIL import Image

from fashionsdk.labels import LabelSource, read_corrections
from fashionsdk_training.cli import labels
from tests.training.conftest import draw

WRONG = {"4.png": "green", "11.png": "red"}


def blotches(rng):
    """Return what makes a picture unlike all others."""
    noise = Image.fromarray(rng.integers(0, 256, (12, 12, 3), np.uint8))
    return np.asarray(noise.resize((96, 80), Image.Resampling.BICUBIC))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Photos of two colours, two of which are labelled wrong, one of which was mirrored into the other split."""
    folder, rng = tmp_path_factory.mktemp("shop"), np.random.default_rng(0)
    lines = ["image,split,colour,<b>stripes"]
    for n in range(40):
        colour = ("red", "green")[n % 2]
        stripes = ("horizontal", "vertical")[n // 2 % 2]
        pixels = np.asarray(draw(colour, stripes, rng).resize((96, 80)), np.float64) * (blotches(rng) / 255)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{n}.png")
        lines.append(f"{n}.png,{'train' if n < 30 else 'valid'},{WRONG.get(f'{n}.png', colour)},{stripes}")
    texture = Image.fromarray(blotches(rng))
    texture.save(folder / "a.png")
    texture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "b.jpg", quality=90)
    lines += ["a.png,train,,", "b.jpg,valid,,", "gone.png,train,red,"]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def checked(shop):
    """What is written and printed of the shop's labels."""
    out, printed = shop / "check", StringIO()
    with redirect_stdout(printed):
        assert labels([str(shop / "labels.csv"), "--out", str(out), "--json", "--device", "cpu"]) == 0
    return json.loads(printed.getvalue()), out


def written(folder):
    with (folder / "suspects.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_wrong_labels_come_first_and_copies_across_splits_are_found(shop, checked):
    answer, out = checked
    rows = written(out)
    assert list(rows[0]) == ["image", "attribute", "label", "suggestion", "doubt", "correct"]
    assert {row["image"]: row["label"] for row in rows[:2]} == WRONG
    assert {row["suggestion"] for row in rows[:2]} == {"red", "green"}
    doubts = [float(row["doubt"]) for row in rows]
    assert doubts == sorted(doubts, reverse=True)
    assert not any(row["correct"] for row in rows)
    assert (answer["photos"], answer["splits"]) == (43, {"train": 32, "valid": 11})
    assert list(answer["unreadable"]) == ["gone.png"]
    (group,) = answer["repeated"]
    assert (group["items"], group["equal"], group["splits"]) == (["a.png", "b.jpg"], False, ["train", "valid"])
    assert [row["image"] for row in answer["suspects"]] == [row["image"] for row in rows]


@pytest.mark.slow
def test_the_page_shows_suspects_beside_examples_and_escapes_names(checked):
    page = (checked[1] / "suspects.html").read_text()
    assert "4.png: red rather than green" in page
    assert "&lt;b&gt;stripes" in page
    assert "<b>stripes" not in page
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert "default-src &#x27;none&#x27;; img-src data:" in page


@pytest.mark.slow
def test_decisions_are_applied_kept_and_not_asked_again(shop, checked, tmp_path, capsys):
    out = tmp_path / "check"
    shutil.copytree(checked[1], out)
    suspects = out / "suspects.csv"
    text = suspects.read_text().splitlines()
    text = [f"{line}red" if line.startswith("4.png,colour") else line for line in text]
    text = [f"{line}red" if line.startswith("11.png,colour") else line for line in text]  # it is right as it is
    suspects.write_text("\n".join(text) + "\n")
    given = [str(shop / "labels.csv"), "--out", str(out), "--device", "cpu"]
    assert labels(given) == 1
    assert "holds 2 decisions; keep them with --corrections" in capsys.readouterr().err
    assert labels([*given, "--corrections", str(suspects)]) == 0
    after = read_corrections(suspects)
    assert {(row.image, row.correct) for row in after.decided} == {("4.png", "red"), ("11.png", "red")}
    undecided = [row.image for row in after.rows if row.correct is None and row.attribute == "colour"]
    assert not {"4.png", "11.png"} & set(undecided)
    table = LabelSource.open(shop / "labels.csv", corrections=suspects).table
    assert table is not None
    assert {row["image"]: row["colour"] for row in table.rows if row["image"] in WRONG} == dict.fromkeys(WRONG, "red")


def test_counts_need_no_photo(shop, tmp_path, capsys):
    shutil.copy(shop / "labels.csv", tmp_path / "labels.csv")
    assert labels([str(tmp_path / "labels.csv"), "--counts"]) == 0
    printed = capsys.readouterr().out
    assert "43 photos: 32 in train, 11 in valid" in printed
    assert "2 photos have no label" in printed
    assert labels([str(tmp_path / "labels.csv"), "--counts", "--out", str(tmp_path / "x")]) == 2
    assert "--counts writes nothing" in capsys.readouterr().err


def test_a_file_that_is_no_suspects_is_not_replaced(shop, tmp_path, capsys):
    (tmp_path / "suspects.csv").write_text("my,notes\n1,2\n")
    assert labels([str(shop / "labels.csv"), "--out", str(tmp_path)]) == 1
    assert "no column image and attribute and correct" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert labels([str(shop / "labels.csv"), "--out", str(tmp_path / "file")]) == 1
    assert "cannot write to" in capsys.readouterr().err
