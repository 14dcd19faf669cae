"""Which photos the command finds, and what it says of those that it cannot read."""

import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from fashionsdk.cli._find_photos import UNNAMED, find_photos
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
        ("", "no column 'photo' or 'image' or 'key'; got an empty file"),
        ("sku,price\na,1\n", "no column 'photo' or 'image' or 'key'; got sku, price"),
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
    assert read_metadata(str(path), ["shop/a.jpg"]) == {"shop/a.jpg": {"price": 20}}
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


def test_photos_in_a_folder_are_known_by_their_ending_or_by_their_first_bytes(shop):
    data, photos = Path("shop/0.png").read_bytes(), Path("all")
    photos.mkdir()
    taken = ("a.jpe", "b.JFIF", "c.heic", "d", "e.jpg?v=2", "f.1", "g.png&w=300")
    for name in (*taken, "h.csv", "i.CSV", "j.mp4", ".hidden"):
        (photos / name).write_bytes(data)
    (photos / "k").write_text("not a photo")
    (photos / "l.jpg?v=3").write_bytes(b"")
    os.mkfifo(photos / "m")  # who opens it waits
    os.symlink("nowhere", photos / "n")
    found = find_photos(["all"])
    assert found.photos == [f"all/{name}" for name in sorted(taken)]
    assert found.left_out == {UNNAMED: 4, ".csv": 2, ".mp4": 1}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"])
def test_every_format_is_known_without_a_name(format, tmp_path):
    if format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow writes no AVIF")
    Image.new("RGB", (8, 8)).save(tmp_path / "photo", format)
    assert find_photos([str(tmp_path)]).photos == [str(tmp_path / "photo")]


def test_what_is_left_out_is_counted(run, bundle, shop):
    for name in ("a.mp4", "b.mp4", "notes", "c.txt"):
        Path("shop", name).write_text("not a photo")
    for command, out in (("index", "x.gallery"), ("embed", "x.npz")):
        status, answer, err = run(command, bundle.path, "shop", "--out", out, "--json")
        assert status == 0
        assert json.loads(answer)["left_out"] == {".mp4": 2, ".csv": 1, ".txt": 1, UNNAMED: 1}
        assert "skipped what is no photo in the folders: 2 .mp4, 1 .csv, 1 .txt, 1 by their content" in err
    Path("none").mkdir()
    Path("none", "a.psd").write_bytes(b"8BPS")
    with pytest.raises(FashionSDKError, match=r"no photos in none, which holds 1 \.psd; expected files ending in"):
        find_photos(["none"])


def test_a_heic_photo_in_a_folder_is_named_with_the_remedy(run, bundle, shop, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    Path("shop", "phone.HEIC").write_bytes((24).to_bytes(4, "big") + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(100))
    _, answer, err = run("index", bundle.path, "shop", "--out", "x.gallery", "--json")
    reason = 'is HEIC; run pip install "fashionsdk[heif]" to read it'
    assert {"photo": "shop/phone.HEIC", "reason": reason} in json.loads(answer)["skipped"]
    assert f"skipped shop/phone.HEIC: {reason}" in err


def test_keys_of_the_working_folder_are_those_of_a_table(run, bundle, shop, monkeypatch):
    monkeypatch.chdir(shop)
    Path("m.csv").write_text("photo,price\n0.png,20\n./deep/1.png,30\n")
    assert run("index", bundle.path, ".", "--out", "../x.gallery", "--metadata", "m.csv")[0] == 0
    matcher = Matcher.load("../x.gallery")
    assert set(matcher.keys) == {"0.png", "2.png", "4.png", "6.png", *(f"deep/{i}.png" for i in (1, 3, 5, 7))}
    expected = [os.path.relpath(photo) for photo in find_photos([str(shop)]).photos]
    assert find_photos(["./"]).photos == find_photos(["."]).photos == expected


def test_photos_may_come_from_a_list(run, bundle, shop, monkeypatch):
    expected = {"shop/0.png", "shop/2.png"}
    Path("list.txt").write_bytes(b"\xef\xbb\xbfshop/0.png\r\n\nshop/2.png\n./shop/0.png\n")
    assert run("index", bundle.path, "--list", "list.txt", "--out", "a.gallery")[0] == 0
    assert set(Matcher.load("a.gallery").keys) == expected
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"shop/0.png\0shop/2.png\0")))
    assert run("index", "--list", "-", bundle.path, "--out", "b.gallery")[0] == 0
    assert set(Matcher.load("b.gallery").keys) == expected
    assert run("index", bundle.path, "--list", "list.txt", "--out", "c.gallery", "shop/4.png")[0] == 0
    assert set(Matcher.load("c.gallery").keys) == {*expected, "shop/4.png"}


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_list_of_nothing_is_an_error(text, run, bundle, shop):
    Path("list.txt").write_text(text)
    status, _, err = run("embed", bundle.path, "--list", "list.txt", "--out", "x.npz")
    assert (status, err) == (1, "fashionsdk: error: list.txt: lists no photo; expected one path a line\n")


def test_a_list_that_cannot_be_read_is_an_error(run, bundle, shop, monkeypatch):
    status, _, err = run("embed", bundle.path, "--list", "none.txt", "--out", "x.npz")
    assert status == 1
    assert "none.txt: cannot be read as a list of photos" in err
    monkeypatch.setattr("sys.stdin", None)
    status, _, err = run("embed", bundle.path, "--list", "-", "--out", "x.npz")
    assert status == 1
    assert "-: cannot be read as a list of photos: there is no standard input" in err


def test_photos_may_come_from_a_label_table(run, bundle, shop):
    for data in ("shop", "shop/labels.csv"):
        assert run("index", bundle.path, "--data", data, "--out", f"{len(data)}.gallery")[0] == 0
        names = {f"shop/{'deep/' if i % 2 else ''}{i}.png" for i in range(8)}
        assert set(Matcher.load(f"{len(data)}.gallery").keys) == names
    status, _, err = run("embed", bundle.path, "--data", "shop", "--split", "train", "--out", "x.npz")
    assert (status, np.load("x.npz")["keys"].tolist()) == (0, ["shop/deep/7.png"])
    status, _, err = run("embed", bundle.path, "--data", "shop", "--split", "none", "--out", "y.npz")
    assert status == 1
    assert "split 'none' is empty" in err


def test_options_that_choose_no_photos_are_refused(run, bundle, shop):
    status, _, err = run("embed", bundle.path, "shop", "--split", "train", "--out", "x.npz")
    assert (status, "--split names a split of --data" in err) == (2, True)
    Path("empty").mkdir()
    status, _, err = run("embed", bundle.path, "--data", "empty", "--out", "x.npz")
    assert (status, "empty has no table labels.csv; name the split" in err) == (2, True)
    with pytest.raises(SystemExit, match="2"):
        run("embed", bundle.path, "--out", "x.npz")
