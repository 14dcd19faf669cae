"""What is counted in a table, and which of its photos show one picture."""

import shutil
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fashionsdk.labels import LabelSource
from fashionsdk_training.cleaning import count_report, report_text, table_items
from fashionsdk_training.cleaning.survey import count_labels, repeated_pictures
from fashionsdk_training.errors import DataError

HEADER = "image,split,colour,sleeve"
SPLITS, COLOURS, SLEEVES = ("train", "valid"), ("", "blue", "red"), ("", "long", "short")


def write(folder, *rows, header=HEADER):
    path = folder / "labels.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def items_of(path):
    return table_items(LabelSource.open(path, ["colour", "sleeve"], splits=False))


cells = st.tuples(st.sampled_from(SPLITS), st.sampled_from(COLOURS), st.sampled_from(SLEEVES))


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(cells, min_size=1, max_size=30))
def test_counts_are_those_of_the_rows(tmp_path_factory, rows):
    path = write(tmp_path_factory.mktemp("t"), *(",".join((f"{n}.jpg", *row)) for n, row in enumerate(rows)))
    counts = count_labels(items_of(path))
    assert counts.photos == len(rows)
    assert counts.splits == Counter(split for split, _, _ in rows)
    assert counts.unlabelled == sum(row[1:] == ("", "") for row in rows)
    for column, attribute in enumerate(counts.attributes, 1):
        assert attribute.blank == sum(not row[column] for row in rows)
        assert attribute.labelled + attribute.blank == len(rows)
        expected = Counter((row[column], row[0]) for row in rows if row[column])
        found = {(v, split): n for v, by in attribute.values.items() for split, n in by.items() if n}
        assert found == expected
        assert attribute.rare == {v: n for v, n in Counter(r[column] for r in rows if r[column]).items() if n < 10}


def test_a_photo_in_two_splits_is_one_photo(tmp_path):
    items = items_of(write(tmp_path, "a.jpg,train,red,", "./a.jpg,valid,red,", "b.jpg,train,blue,long"))
    assert [row["image"] for row in items.rows] == ["a.jpg", "b.jpg"]
    assert items.splits == (("train", "valid"), ("train",))
    assert [items.value(n, 0) for n in range(2)] == ["red", "blue"]
    assert count_labels(items).splits == {"train": 2, "valid": 1}


def test_garments_of_one_photo_are_items_of_their_own_and_no_copies(tmp_path):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    path = write(
        tmp_path, "a.png,train,0 0 4 4,red,", "a.png,train,4 4 8 8,blue,", header="image,split,box,colour,sleeve"
    )
    items = items_of(path)
    assert [items.name(n) for n in range(2)] == ["a.png [0 0 4 4]", "a.png [4 4 8 8]"]
    assert [source.pixels for source in items.sources] == [(0, 0, 4, 4), (4, 4, 8, 8)]
    assert not repeated_pictures(items)


def test_equal_files_and_copies_of_copies_are_one_group_and_those_of_several_splits_come_first(tmp_path):
    rng = np.random.default_rng(0)
    for name in "abcdefg":
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / f"{name}.png")
    shutil.copy(tmp_path / "a.png", tmp_path / "b.png")
    shutil.copy(tmp_path / "e.png", tmp_path / "f.png")
    rows = ["a.png,train,red,", "b.png,train,blue,", "c.png,train,red,long", "d.png,train,red,", "e.png,train,red,long"]
    items = items_of(write(tmp_path, *rows, "f.png,valid,red,", "g.png,valid,blue,"))
    first, second = repeated_pictures(items, [(1, 2), (2, 3)])
    assert (first.items, first.equal, first.splits, first.differing) == ((4, 5), True, ("train", "valid"), ())
    assert (second.items, second.equal, second.splits, second.differing) == (
        (0, 1, 2, 3),
        False,
        ("train",),
        ("colour",),
    )


def test_the_text_names_counts_rare_values_blanks_and_pictures_twice(tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8), "red").save(tmp_path / name)
    text = report_text(count_report(items_of(write(tmp_path, "a.png,train,red,", "b.png,valid,blue,", "c,train,red,"))))
    assert text.splitlines()[0] == "3 photos: 2 in train, 1 in valid"
    assert "  rare: blue (1), red (2)" in text
    assert "1 pictures stand there several times, 1 of them as equal files" in text
    assert "1 in several splits: a.png = b.png" in text
    assert "1 with labels that differ: a.png = b.png" in text
    assert "suspects" not in text


def test_a_table_without_rows_and_index_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="has no rows"):
        items_of(write(tmp_path))
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / "meta.json").write_text("{}")
    with pytest.raises(DataError, match="holds no label table"):
        table_items(LabelSource.open(folder))
