"""``training/prepare.py`` as a user runs it: what it writes, what it says, what it refuses."""

import csv
import re
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from PIL import Image

from fashionsdk.labels import LabelSource, read_labels
from fashionsdk_training.cli import prepare
from fashionsdk_training.errors import DataError
from fashionsdk_training.preparing import Wish, prepare_table
from tests.training.conftest import draw

COLOURS, STRIPES = ("red", "green"), ("horizontal", "vertical")


def shop(folder, products=20, photos=2, header="image,split,product,colour,stripes", row="{image},,p{product},{c},{s}"):
    """Write photos of products and their table; return the table's path."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, lines = np.random.default_rng(0), [header]
    for product in range(products):
        c, s = COLOURS[product % 2], STRIPES[product // 2 % 2]
        for n in range(photos):
            image = f"{product}-{n}.png"
            draw(c, s, rng).save(folder / image)
            lines.append(row.format(image=image, product=product, c=c, s=s, n=n))
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "t.csv"


def written(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_table_gets_splits_that_keep_products_whole_and_says_how_far_values_came(tmp_path, capsys, caplog):
    path, out = shop(tmp_path), tmp_path / "labels.csv"
    assert prepare([str(path), "--out", str(out)]) == 0
    rows = written(out)
    assert list(rows[0]) == ["image", "split", "product", "colour", "stripes"]
    assert sorted(row["image"] for row in rows) == sorted(row["image"] for row in written(path))
    splits = {row["product"]: {other["split"] for other in rows if other["product"] == row["product"]} for row in rows}
    assert all(len(each) == 1 for each in splits.values())
    answer = capsys.readouterr().out
    assert "train              28       14    70.0%    70.0%" in answer
    assert re.search(r"^colour: green +20 +\d+ +\d+ +\d+ +\d\.\d$", answer, re.MULTILINE)
    assert f"40 rows: {out}" in answer
    assert "40 rows in 20 groups, by 'product'" in caplog.text
    for split in ("train", "valid", "test"):
        assert set(read_labels(out, split).products)


def test_labels_are_corrected_before_they_are_dealt(tmp_path, caplog):
    path, out, suspects = shop(tmp_path), tmp_path / "labels.csv", tmp_path / "suspects.csv"
    suspects.write_text("image,attribute,correct\n0-0.png,colour,green\n0-1.png,stripes,-\n1-0.png,colour,\n")
    assert prepare([str(path), "--out", str(out), "--corrections", str(suspects)]) == 0
    rows, before = ({row["image"]: row for row in written(each)} for each in (out, path))
    changed = {
        (image, name): rows[image][name]
        for image in rows
        for name in ("colour", "stripes")
        if rows[image][name] != before[image][name]
    }
    assert changed == {("0-0.png", "colour"): "green", ("0-1.png", "stripes"): ""}
    assert "1 changed, 1 blanked, 1 rows not decided" in caplog.text
    suspects.write_text("image,attribute,correct\n0-0.png,colour,blue\n")
    assert prepare([str(path), "--out", str(out), "--overwrite", "--corrections", str(suspects)]) == 1


def test_the_same_command_gives_the_same_file_and_another_seed_another(tmp_path):
    path, outs = shop(tmp_path), [tmp_path / f"{n}.csv" for n in range(3)]
    for out, seed in zip(outs, ("0", "0", "1"), strict=True):
        assert prepare([str(path), "--out", str(out), "--seed", seed]) == 0
    texts = [out.read_text() for out in outs]
    assert texts[0] == texts[1] != texts[2]


def test_paths_lead_from_the_new_table_to_the_photos(tmp_path):
    path = shop(tmp_path / "photos")
    (tmp_path / "out").mkdir()
    assert prepare([str(path), "--out", str(tmp_path / "out/labels.csv")]) == 0
    labels = read_labels(tmp_path / "out/labels.csv", "train")
    assert labels.images[0].startswith("../photos/")
    assert all(file.is_file() for file in labels.paths)


def test_copies_and_pictures_saved_again_hold_their_products_together(tmp_path, caplog):
    path = shop(tmp_path)
    shutil.copy(tmp_path / "0-0.png", tmp_path / "7-0.png")
    with Image.open(tmp_path / "3-0.png") as picture:
        picture.save(tmp_path / "8-1.png", compress_level=0)
    assert prepare([str(path), "--out", str(tmp_path / "labels.csv")]) == 0
    assert "40 rows in 18 groups" in caplog.text
    assert "2 groups are joined with others, for photos of theirs are equal or show the same picture" in caplog.text
    split = {row["product"]: row["split"] for row in written(tmp_path / "labels.csv")}
    assert split["p0"] == split["p7"]
    assert split["p3"] == split["p8"]


def test_a_photo_that_several_splits_list_stands_in_one_and_the_first_row_counts(tmp_path, caplog):
    path = shop(tmp_path, row="{image},train,p{product},{c},{s}")
    path.write_text(path.read_text() + "./0-0.png,valid,,green,\n")
    assert prepare([str(path), "--out", str(tmp_path / "labels.csv")]) == 0
    assert "1 rows are left out, for an earlier row is of the same photo" in caplog.text
    assert len(written(tmp_path / "labels.csv")) == 40
    assert read_labels(tmp_path / "labels.csv", "train").images


def test_a_path_through_a_link_leads_to_the_same_photo(tmp_path):
    path = shop(tmp_path / "photos")
    (tmp_path / "photos/deep/er").mkdir(parents=True)
    (tmp_path / "photos/link").symlink_to(tmp_path / "photos/deep/er")
    (tmp_path / "photos/0-0.png").rename(tmp_path / "photos/deep/0-0.png")
    path.write_text(path.read_text().replace("0-0.png", "link/../0-0.png", 1))
    assert prepare([str(path), "--out", str(tmp_path / "labels.csv")]) == 0
    assert all((tmp_path / row["image"]).is_file() for row in written(tmp_path / "labels.csv"))


def test_one_picture_for_many_products_is_said(tmp_path, caplog):
    path = shop(tmp_path)
    for n in range(6):
        shutil.copy(tmp_path / "0-0.png", tmp_path / f"{n}-1.png")
    assert prepare([str(path), "--out", str(tmp_path / "labels.csv")]) == 0
    assert "one group has 12 of 40 rows, such as 0-0.png: it is in one split as a whole" in caplog.text


def test_any_column_may_hold_rows_together_and_products_do_besides(tmp_path):
    header, row = "image,split,product,colour,sender", "{image},old,p{product},{c},s{n}"
    path, out = shop(tmp_path, products=12, header=header, row=row), tmp_path / "labels.csv"
    assert prepare([str(path), "--out", str(out), "--by", "sender"]) == 1  # each product has both senders: one group
    (tmp_path / "t.csv").write_text((tmp_path / "t.csv").read_text().replace(",s1", ","))
    lines = (tmp_path / "t.csv").read_text().splitlines()
    lines[1:] = [line.replace(",s0", f",s{n // 6}") for n, line in enumerate(lines[1:])]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    assert prepare([str(path), "--out", str(out), "--by", "sender", "--attribute", "colour"]) == 0
    split = {row["product"]: row["split"] for row in written(out)}
    for first in range(0, 12, 3):
        assert len({split[f"p{n}"] for n in range(first, first + 3)}) == 1


def test_what_is_replaced_and_left_out_is_said(tmp_path, caplog):
    header, row = "image,split,role,product,colour", "{image},train,query,p{product},{c}"
    path = shop(tmp_path, header=header, row=row)
    (tmp_path / "0-0.png").unlink()
    (tmp_path / "1-0.png").write_bytes(b"\x89PNG")
    assert prepare([str(path), "--out", str(tmp_path / "labels.csv"), "--test", "0"]) == 0
    assert "the table's own splits are replaced: 'train' (40)" in caplog.text
    assert "the column 'role' is left out" in caplog.text
    assert "2 rows are left out, for their photo cannot be read" in caplog.text
    rows = written(tmp_path / "labels.csv")
    assert (len(rows), {row["split"] for row in rows}) == (38, {"train", "valid"})


def test_nothing_that_a_spreadsheet_would_run_is_written(tmp_path, caplog):
    row = '{image},,-p{product},"=HYPERLINK({product})",{c}'
    path = shop(tmp_path, header="image,split,product,title,colour", row=row)
    text = path.read_text().replace("0-0.png", "=0.png").replace("green", "@SUM(1)").replace("red", "-1")
    path.write_text(text)
    (tmp_path / "0-0.png").rename(tmp_path / "=0.png")
    (tmp_path / "10-0.png").rename(tmp_path / "1=0.png")
    out = tmp_path / "labels.csv"
    assert prepare([str(path), "--out", str(out), "--attribute", "title", "--attribute", "colour"]) == 0
    cells = [cell for row in written(out) for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@")) or (cell.startswith("-") and cell != "-1")]
    assert "cells begin like a spreadsheet's formula and count as blank, such as" in caplog.text
    assert len({row["product"] for row in written(out)}) == 20
    source = LabelSource.open(out, ["colour"])
    assert all(path.is_file() for split in ("train", "valid") for path in source.labels(split).paths)


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--valid", "0"], 2, "valid 0 and test 0.15; expected shares"),
        (["--valid", "0.6", "--test", "0.4"], 2, "expected shares of the photos between 0 and 1"),
        (["--valid", "nan"], 2, "expected shares"),
        (["--seed", "-1"], 2, "seed is -1"),
        (["--by", "sender"], 2, "--by sender: no such column; the table has image, split, product"),
        (["--attribute", "fit"], 2, "unknown attribute 'fit'; the table has colour, stripes"),
        (["--out", "t.csv"], 1, "--out is the table itself"),
        (["--out", "there.csv"], 1, "there.csv exists; give --overwrite"),
        (["--out", "nowhere/labels.csv"], 1, "its folder does not exist"),
        (["--out", "."], 1, "is a folder"),
        (["--photos", "nowhere"], 1, "none of its 40 photos can be read"),
        (["--format", "parquet"], 1, "cannot be read as a Parquet table"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(tmp_path, monkeypatch, capsys, options, status, message):
    shop(tmp_path)
    (tmp_path / "there.csv").write_text("precious")
    monkeypatch.chdir(tmp_path)
    given_out = [] if "--out" in options else ["--out", "labels.csv"]
    assert prepare(["t.csv", *given_out, *options]) == status
    assert message in capsys.readouterr().err
    assert (tmp_path / "there.csv").read_text() == "precious"
    assert not (tmp_path / "labels.csv").exists()


def test_a_file_is_replaced_if_that_is_asked_for(tmp_path):
    path, out = shop(tmp_path), tmp_path / "labels.csv"
    out.write_text("old")
    assert prepare([str(path), "--out", str(out), "--overwrite"]) == 0
    assert len(written(out)) == 40


def test_values_that_nothing_else_can_be_found_for_are_named(tmp_path, capsys):
    path = shop(tmp_path)
    text = path.read_text().replace("red,horizontal", "pink,horizontal", 1)
    path.write_text(text)
    assert prepare([str(path), "--out", str(tmp_path / "labels.csv")]) == 0
    assert "cannot be measured in valid, where they have fewer than two groups: colour: pink" in capsys.readouterr().out


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Ten pictures that differ, each in four copies: equal bytes, and saved again."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for n in range(10):
        picture = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((64, 64))
        picture.save(folder / f"{n}-0.png")
        shutil.copy(folder / f"{n}-0.png", folder / f"{n}-1.png")
        picture.save(folder / f"{n}-2.png", compress_level=0)
        picture.save(folder / f"{n}-3.jpg", quality=90)
    return folder


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 9), st.integers(0, 3), st.sampled_from(["", "p1", "p2", "p3", "p4"]), st.sampled_from("abc")
        ),
        min_size=8,
        max_size=24,
        unique_by=lambda row: row[:2],
    ),
    st.integers(0, 5),
)
def test_no_product_and_no_picture_ever_stands_in_two_splits(pictures, rows, seed):
    lines = [f"{n}-{copy}.{'jpg' if copy == 3 else 'png'},{product},{value}" for n, copy, product, value in rows]
    (pictures / "t.csv").write_text("\n".join(["image,product,colour", *lines]) + "\n")
    source = LabelSource.open(pictures / "t.csv", splits=False)
    try:
        prepared = prepare_table(source, Wish(seed=seed))
    except DataError:  # fewer groups than splits, which another test is about
        reject()
    assert [row["image"] for row in prepared.rows] == [line.split(",")[0] for line in lines]  # each in exactly one
    assert set(prepared.splits) == {"train", "valid", "test"}
    for place in (0, 2):  # the picture, the product
        for key in {row[place] for row in rows} - {""}:
            assert len({split for row, split in zip(rows, prepared.splits, strict=True) if row[place] == key}) == 1
