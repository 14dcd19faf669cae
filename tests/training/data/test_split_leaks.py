"""A photo that is both for training and for validation is found under whatever name it stands."""

import os
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionsdk.labels import Labels
from fashionsdk_training.data import check_splits_differ, same_bytes, split_leaks
from fashionsdk_training.errors import DataError


def split(folder, *images, first_line=2):
    lines = tuple(range(first_line, first_line + len(images)))
    return Labels(folder, images, (), np.zeros((0, 3), np.int32), lines=lines)


def photo(folder, name, content):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


def leak(folder, train, valid):
    with pytest.raises(DataError) as caught:
        check_splits_differ("t.csv", split(folder, *train), split(folder, *valid, first_line=50), ("train", "valid"))
    return str(caught.value)


def check(folder, train, valid):
    check_splits_differ("t.csv", split(folder, *train), split(folder, *valid), ("train", "valid"))


@pytest.mark.parametrize(
    "other", ["a.jpg", "./a.jpg", "x/../a.jpg", "linked.jpg", "hard.jpg", "copy.jpg", "x/deep.jpg"]
)
def test_one_photo_under_two_names_is_an_error_that_names_both_lines(tmp_path, other):
    source = photo(tmp_path, "a.jpg", b"a" * 10_000)
    photo(tmp_path, "b.jpg", b"b" * 10_000)
    shutil.copy(source, photo(tmp_path, "x/deep.jpg", b""))
    shutil.copy(source, tmp_path / "copy.jpg")
    (tmp_path / "linked.jpg").symlink_to(source)
    os.link(source, tmp_path / "hard.jpg")
    message = leak(tmp_path, ["b.jpg", "a.jpg"], ["none.jpg", other])
    assert message == (
        f"t.csv: 1 photos are in both 'train' and 'valid', first a.jpg (line 3) and {other} (line 51): a model that "
        "has seen the answers cannot be evaluated on them; give each photo one split"
    )


def test_photos_of_one_size_that_differ_anywhere_are_different(tmp_path):
    content = bytearray(b"0" * 20_000)
    photo(tmp_path, "a.jpg", content)
    for position in (0, 10_000, 19_999):
        other = bytearray(content)
        other[position] = 1
        photo(tmp_path, f"{position}.jpg", other)
    check(tmp_path, ["a.jpg"], ["0.jpg", "10000.jpg", "19999.jpg"])


def test_missing_empty_and_forbidden_photos_are_left_to_those_who_read_them(tmp_path):
    photo(tmp_path, "a.jpg", b"")
    photo(tmp_path, "b.jpg", b"")
    check(tmp_path, ["a.jpg", "none.jpg", "\0"], ["b.jpg", "nowhere.jpg", "\0x"])
    assert "1 photos are in both" in leak(
        tmp_path, ["none.jpg"], ["none.jpg"]
    )  # an equal name is one photo all the same


def test_copies_within_a_split_are_no_leak(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        photo(tmp_path, name, b"same")
    photo(tmp_path, "c.jpg", b"else")
    check(tmp_path, ["a.jpg", "b.jpg"], ["c.jpg"])


def test_long_lists_are_cut_and_counted(tmp_path):
    names = [f"{n}.jpg" for n in range(9)]
    assert "9 photos are in both 'train' and 'valid', first 0.jpg (line 2) and 0.jpg (line 50);" in (
        message := leak(tmp_path, names, names)
    )
    assert "; and 4 more: " in message


def test_files_of_their_own_size_are_not_opened(tmp_path, monkeypatch):
    for n in range(6):
        photo(tmp_path, f"{n}.jpg", b"x" * (n + 1))
    monkeypatch.setattr(same_bytes, "_block", lambda file: pytest.fail(f"opened {file.path}"))
    check(tmp_path, ["0.jpg", "1.jpg", "2.jpg"], ["3.jpg", "4.jpg", "5.jpg"])


CONTENTS = st.lists(st.sampled_from([b"", b"a", b"b", b"ab", b"ba", b"aa"]), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(CONTENTS, CONTENTS)
def test_photos_are_found_as_comparing_all_pairs_finds_them(tmp_path, train, valid):
    names = [[f"{kind}{n}.jpg" for n in range(len(of))] for kind, of in (("t", train), ("v", valid))]
    for name, content in zip(names[0] + names[1], train + valid, strict=True):
        photo(tmp_path, name, content)
    pairs = [(train.index(content), n) for n, content in enumerate(valid) if content and content in train]
    assert split_leaks._shared(split(tmp_path, *names[0]), split(tmp_path, *names[1])) == pairs
