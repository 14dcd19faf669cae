"""Reading the CSN authors' triplet lists, good and bad."""

import json
import logging

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk.errors import LabelsError
from fashionsdk.labels import CSN_ATTRIBUTES, holds_triplets, read_triplets
from tests.sdk.labels.triplet_folders import random_rows, write_triplets

IMAGES = [f"Shoes/Heels/Some Brand/{number}.{number}.jpg" for number in range(9)]


@pytest.fixture
def folder(tmp_path):
    blocks = [random_rows(len(IMAGES), 4 + a, seed=a) for a in range(4)]
    return write_triplets(tmp_path / "zappos", IMAGES, {"val": blocks})


def list_of(folder, name="heel"):
    return folder / "tripletlists" / f"{name}_tripletlist_val.txt"


def test_a_line_is_anchor_far_close_and_the_positive_comes_before_the_negative(folder):
    list_of(folder, "class").write_text("0 7 4\n")  # photo 0 is more like 4 than like 7
    split = read_triplets(folder, "val", ["class"])
    assert split.triplets.tolist() == [[0, 4, 7, 0]]
    assert split.triplets.dtype == np.int32


def test_every_line_of_every_list_is_there_in_order(folder):
    split = read_triplets(folder, "val")
    expected = [
        [int(fields[0]), int(fields[2]), int(fields[1]), a]
        for a, name in enumerate(("class", "closure", "gender", "heel"))
        for fields in map(str.split, list_of(folder, name).read_text().splitlines())
    ]
    assert split.triplets.tolist() == expected
    assert [(attribute.name, attribute.values) for attribute in split.attributes] == [(n, ()) for n in CSN_ATTRIBUTES]
    assert split.images == tuple(IMAGES)


def test_attributes_count_in_the_order_asked_for(folder):
    split = read_triplets(folder, "val", ["heel", "class"])
    counts = [len(list_of(folder, name).read_text().splitlines()) for name in ("heel", "class")]
    assert np.bincount(split.triplets[:, 3]).tolist() == counts
    assert [attribute.name for attribute in split.attributes] == ["heel", "class"]


def test_photos_are_looked_for_in_their_folder_where_there_is_one(folder):
    assert read_triplets(folder, "val").paths[0] == folder / IMAGES[0]
    (folder / "ut-zap50k-images").mkdir()
    assert read_triplets(folder, "val").paths[0] == folder / "ut-zap50k-images" / IMAGES[0]


def test_lists_may_lie_beside_the_file_names(folder):
    before = read_triplets(folder, "val").triplets
    for path in (folder / "tripletlists").iterdir():
        path.rename(folder / path.name)
    (folder / "tripletlists").rmdir()
    np.testing.assert_array_equal(read_triplets(folder, "val").triplets, before)


def test_file_names_may_be_a_json_list(folder):
    (folder / "filenames.json").write_text(json.dumps(IMAGES, indent=1))
    assert read_triplets(folder, "val").images == tuple(IMAGES)


def test_windows_line_ends_and_tabs_change_nothing(folder):
    before = read_triplets(folder, "val")
    for path in (folder / "filenames.json", list_of(folder)):
        separator = b"\t" if path == list_of(folder) else b" "
        path.write_bytes(path.read_bytes().replace(b" ", separator).replace(b"\n", b"\r\n"))
    after = read_triplets(folder, "val")
    assert after.images == before.images
    np.testing.assert_array_equal(after.triplets, before.triplets)


def test_only_line_feeds_end_a_line(folder):
    odd = ["one\u2028name.jpg", *IMAGES[1:]]
    (folder / "filenames.json").write_text("\n".join(odd), encoding="utf-8")
    assert read_triplets(folder, "val").images == tuple(odd)


def test_a_folder_of_triplets_is_told_from_others(folder, tmp_path):
    assert holds_triplets(folder)
    assert not holds_triplets(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 8), min_size=3, max_size=3), min_size=1, max_size=12))
def test_needed_photos_give_the_same_questions(folder, rows):
    list_of(folder).write_text("".join(f"{a} {far} {close}\n" for a, far, close in rows))
    split = read_triplets(folder, "val", ["heel"])
    needed = split.needed()
    assert [[needed.images[i] for i in row[:3]] for row in needed.triplets.tolist()] == [
        [split.images[i] for i in row[:3]] for row in split.triplets.tolist()
    ]
    assert set(needed.images) == {IMAGES[i] for row in rows for i in row}
    assert len(needed.images) == len(set(needed.images))


def test_a_photo_named_twice_in_a_triplet_is_kept_and_reported(folder, caplog):
    list_of(folder).write_text("1 2 3\n4 4 5\n6 7 6\n")
    with caplog.at_level(logging.WARNING):
        assert len(read_triplets(folder, "val", ["heel"]).triplets) == 3
    assert "2 triplets name a photo twice" in caplog.text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 2", "'1 2'; expected three photo indices"),
        ("1 2 3 4", "expected three photo indices"),
        ("", "''; expected three photo indices"),
        ("1 2 x", "expected three photo indices"),
        ("1 2 3.0", "expected three photo indices"),
        ("-1 2 3", "expected three photo indices"),
        ("1 2 \u00b3", "expected three photo indices"),
        ("1 9 3", "photo 9; filenames.json lists 9, counted from 0"),
        ("1 2 99999999999999999999", "photo 99999999999999999999; filenames.json lists 9"),
    ],
)
def test_a_bad_line_is_an_error_that_names_file_and_line(folder, line, message):
    list_of(folder).write_text(f"0 1 2\n3 4 5\n{line}\n6 7 8\n", encoding="utf-8")
    with pytest.raises(LabelsError) as caught:
        read_triplets(folder, "val")
    assert str(caught.value).startswith(f"{list_of(folder)}, line 3: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lists no photo"),
        ("\n\n", "lists no photo"),
        ("[]", "lists no photo"),
        ("a.jpg\n\nb.jpg", "entry 2: ''; expected the path"),
        ('["a.jpg", 3]', "entry 2: 3; expected the path"),
        ('["a.jpg"', "begins like a JSON list but is not one"),
    ],
)
def test_bad_file_names_are_an_error(folder, text, message):
    (folder / "filenames.json").write_text(text)
    with pytest.raises(LabelsError, match=message):
        read_triplets(folder, "val")


def test_a_missing_list_an_empty_one_and_bytes_are_errors(folder):
    with pytest.raises(LabelsError, match=r"class_tripletlist_test\.txt: cannot be read"):
        read_triplets(folder, "test")
    list_of(folder).write_text("")
    with pytest.raises(LabelsError, match=r"heel_tripletlist_val\.txt: is empty"):
        read_triplets(folder, "val")
    list_of(folder).write_bytes(b"\xff\xfe1 2 3")
    with pytest.raises(LabelsError, match=r"heel_tripletlist_val\.txt: cannot be read"):
        read_triplets(folder, "val")
    (folder / "filenames.json").unlink()
    with pytest.raises(LabelsError, match=r"filenames\.json: cannot be read"):
        read_triplets(folder, "val")


@pytest.mark.parametrize("attributes", [(), ("heel", "heel")])
def test_each_attribute_is_asked_for_once(folder, attributes):
    with pytest.raises(ValueError, match="at least one, each once"):
        read_triplets(folder, "val", attributes)
