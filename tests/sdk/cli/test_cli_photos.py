"""Which photos the command finds, and what it says of those that it cannot read."""

import json
import os
from pathlib import Path

import pytest

from fashionsdk.cli._find_photos import find_photos
from fashionsdk.cli._metadata_table import read_metadata
from fashionsdk.errors import FashionSDKError, LabelsError
from fashionsdk.search._matcher import Matcher


def test_photos_are_found_in_order_and_once(shop):
    assert find_photos(["shop/4.png", "shop", "shop/deep"]).photos == [
        "shop/4.png",
        "shop/0.png",
        "shop/2.png",
        "shop/6.png",
        "shop/deep/1.png",
        "shop/deep/3.png",
        "shop/deep/5.png",
        "shop/deep/7.png",
        "shop/deep/bad.jpg",
    ]
    assert find_photos(["anything.xyz"]).photos == ["anything.xyz"]


def test_no_photos_name_what_was_expected(tmp_path):
    with pytest.raises(FashionSDKError, match=r"no photos in .*; expected files ending in \.avif"):
        find_photos([str(tmp_path)])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column 'photo' or 'image'; got an empty file"),
        ("key,price\na,1\n", "no column 'photo' or 'image'; got key, price"),
        ("photo;price\na;1\n", "separated by ';'; save it with commas"),
        ("photo,price,price\na,1,2\n", "'price' is named twice; got photo, price, price; expected each column once"),
        ("photo,price\na,1\n\na,2\n", "line 4: 'a' is on line 2 too; expected one row"),
        ("photo,price\na\n", "line 2: 1 cells; expected 2"),
        ('photo,price\n"a,1\n', "line 2: cannot be read as CSV"),
        (b"photo,\xff\n", "is not UTF-8 text"),
    ],
)
def test_a_metadata_table_that_does_not_fit_is_rejected(tmp_path, text, message):
    path = tmp_path / "products.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(LabelsError, match=message):
        read_metadata(str(path), ["a"])


def test_every_spelling_of_a_path_is_one_photo(shop):
    assert find_photos(["./shop//4.png", "shop/deep/../4.png", "shop/4.png"]).photos == ["shop/4.png"]
    assert find_photos(["./shop/", str(shop)]).photos == find_photos(["shop"]).photos


def test_a_path_through_a_link_keeps_its_meaning(shop, tmp_path):
    (tmp_path / "elsewhere" / "inner").mkdir(parents=True)
    os.link("shop/0.png", "elsewhere/4.png")
    os.symlink(tmp_path / "elsewhere" / "inner", "shop/link")
    assert find_photos(["shop/link/../4.png"]).photos == ["shop/link/../4.png"]  # not shop/4.png


def test_linked_folders_are_followed_once_and_circles_end(shop, tmp_path):
    plain = find_photos(["shop"]).photos
    (tmp_path / "more").mkdir()
    os.link("shop/0.png", "more/new.JFIF")
    os.symlink(tmp_path / "more", "shop/a-link")
    os.symlink(tmp_path / "more", "shop/deep/again")
    os.symlink(shop, "shop/deep/circle")
    os.symlink(shop / "deep", "more/deep")
    assert find_photos(["shop"]).photos == [*plain, "shop/a-link/new.JFIF"]


@pytest.fixture
def unreadable(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose path is too long to be opened, which not even root can."""
    names = ["z" * 250] * 17
    monkeypatch.chdir(shop / "deep")
    for name in names:  # step by step: where tests run side by side, the paths of their folders are long already
        os.mkdir(name)
        monkeypatch.chdir(name)
    monkeypatch.chdir(shop.parent)
    return shop.joinpath("deep", *names)


def test_a_folder_that_cannot_be_searched_is_named(run, bundle, unreadable):
    status, out, err = run("index", bundle.path, "shop", "--out", "x.gallery", "--json")
    answer = json.loads(out)
    folder, photo = answer["skipped"]
    assert (status, answer["photos"], photo["photo"]) == (0, 8, "shop/deep/bad.jpg")
    assert (folder["photo"][:15], folder["reason"]) == ("shop/deep/zzzzz", "File name too long")
    assert "skipped the folder shop/deep/zzz" in err
    status, _, err = run("index", bundle.path, "shop", "--out", "y.gallery", "--on-error", "raise")
    assert (status, Path("y.gallery").exists()) == (1, False)
    assert "error: cannot search the folder shop/deep/zzz" in err


def test_many_skipped_photos_are_counted(run, bundle, shop):
    for index in range(30):
        (shop / f"bad{index:02}.jpg").write_bytes(b"")
    _, out, err = run("index", bundle.path, "shop", "--out", "x.gallery", "--json")
    lines = err.splitlines()
    assert len(json.loads(out)["skipped"]) == 31
    assert sum(line.startswith("skipped shop/") for line in lines) == 20
    assert lines[-3:] == ["... and 11 more (--json names all)", "skipped 31 of 39 photos", "wrote 8 items to x.gallery"]


def test_a_log_file_holds_whole_lines(run, bundle, shop, monkeypatch):
    monkeypatch.setattr("fashionsdk._tools.progress.SHOWN_AFTER", 0)
    monkeypatch.setattr("fashionsdk._tools.progress.LOG_EVERY", 0)
    _, _, err = run("index", bundle.path, "shop", "--out", "x.gallery", "--batch-size", 1)
    lines = err.split("\n")
    assert "\r" not in err
    assert [line for line in lines if line.startswith("embedding: 100%")]
    assert all(line.startswith(("model ", "embedding", "skipped ", "wrote ")) for line in lines if line)
    assert all("embedding" not in line for line in lines if not line.startswith("embedding"))
    assert lines[-3:] == ["skipped 1 of 9 photos", "wrote 8 items to x.gallery", ""]


def test_evaluating_unreadable_photos_does_not_speak_of_writing(run, bundle, shop):
    for photo in shop.rglob("*.png"):
        photo.write_bytes(b"")
    status, _, err = run("evaluate", bundle.path, "--data", "shop")
    assert (status, err.splitlines()[-1]) == (
        1,
        "fashionsdk: error: none of the 7 photos could be read; expected at least one",
    )


def test_metadata_keys_may_be_called_image_and_spelled_otherwise(tmp_path):
    path = tmp_path / "products.csv"
    path.write_text("image,price\n./shop//a.jpg,20\n")
    assert read_metadata(str(path), ["shop/a.jpg"]) == {"shop/a.jpg": {"price": "20"}}
    path.write_text("image,photo\nx,./shop//a.jpg\n")
    assert read_metadata(str(path), ["shop/a.jpg"]) == {"shop/a.jpg": {"image": "x"}}


def test_metadata_for_none_of_the_photos_is_rejected(run, bundle, shop):
    Path("products.csv").write_text("photo,price\n4.png,20\n")
    status, _, err = run("index", bundle.path, "shop", "--out", "x.gallery", "--metadata", "products.csv")
    assert (status, Path("x.gallery").exists()) == (1, False)
    assert "none of its 1 rows names a photo that is indexed; expected paths as given to 'fashionsdk index'" in err


def test_keys_of_an_index_are_plain_paths(run, bundle, shop):
    assert run("index", bundle.path, "./shop/", "shop/deep/../0.png", "--out", "x.gallery")[0] == 0
    assert sorted(Matcher.load("x.gallery").keys) == sorted(set(find_photos(["shop"]).photos) - {"shop/deep/bad.jpg"})
