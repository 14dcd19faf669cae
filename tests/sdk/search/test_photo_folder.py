"""From keys to photos in a folder: what others wrote into a gallery never leads out of it."""

import os
from pathlib import Path
from typing import Any

import pytest

from fashionsdk import ImageError, PhotoFolder
from fashionsdk.search import Match

OUTSIDE = ("../x.jpg", "a/../../x.jpg", "/etc/passwd", "../shop2/x.jpg", "/")


def match(key: str, **metadata: Any) -> Match:
    return Match(key, 1.0, {}, metadata)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a photo, and the files beside it that ``OUTSIDE`` names."""
    for path in ("shop/deep/a.jpg", "x.jpg", "shop2/x.jpg"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"a photo")
    return tmp_path / "shop"


@pytest.mark.parametrize("key", OUTSIDE)
def test_no_key_leads_out_of_the_folder(shop, key):
    folder = PhotoFolder(shop)
    with pytest.raises(ImageError, match=r"leads out of the folder .*shop; expected a path in it"):
        folder(match(key))
    with pytest.raises(ImageError, match="leads out of the folder"):
        PhotoFolder(shop, "file")(match("a.jpg", file=key))
    assert folder.find(key) is None


def test_a_path_in_the_folder_may_be_absolute_or_lead_back(tmp_path, monkeypatch):
    folder = PhotoFolder(tmp_path)
    assert folder(match("a/b.jpg")) == tmp_path / "a/b.jpg"
    assert folder(match(f"{tmp_path}/b.jpg")) == tmp_path / "b.jpg"
    assert folder(match("a/../b.jpg")) == tmp_path / "b.jpg"
    monkeypatch.chdir(tmp_path)
    assert PhotoFolder("")(match("b.jpg")) == Path(os.getcwd()) / "b.jpg"
    assert PhotoFolder("/")(match("/b.jpg")) == Path("/b.jpg")


@pytest.mark.parametrize(("metadata", "got"), [({}, "is missing"), ({"file": 5}, "is 5"), ({"file": ""}, "is ''")])
def test_metadata_without_a_path_say_so(metadata, got):
    with pytest.raises(ImageError, match=f"7: 'file' of its metadata {got}; expected a photo's path"):
        PhotoFolder(".", "file")(match("7", **metadata))


def test_a_photo_is_found_by_every_spelling_of_its_path_in_the_folder(shop):
    for key in ("deep/a.jpg", "deep/../deep/a.jpg", "./deep//a.jpg", str(shop / "deep/a.jpg")):
        assert PhotoFolder(shop).find(key) == shop / "deep/a.jpg"
    assert PhotoFolder(shop / "deep/../../shop").find("deep/a.jpg") == shop / "deep/a.jpg"


def test_links_in_the_folder_are_its_owners_doing_and_no_way_for_a_key_to_go_on_from(shop):
    (shop / "linked.jpg").symlink_to("../x.jpg")
    (shop / "elsewhere").symlink_to("../shop2")
    (shop / "broken.jpg").symlink_to("nothing.jpg")
    folder = PhotoFolder(shop)
    assert folder.find("linked.jpg") == shop / "linked.jpg"
    assert folder.find("elsewhere/x.jpg") == shop / "elsewhere/x.jpg"
    assert folder.find("elsewhere/../x.jpg") is None  # the shop has no x.jpg; the folder around it has
    assert folder.find("broken.jpg") is None


@pytest.mark.parametrize(
    "key", ["", ".", "deep", "none.jpg", "\0", "deep/a.jpg\0", "a" * 5000, "\udc80", "deep/a.jpg/b"]
)
def test_what_names_no_file_is_not_found(shop, key):
    assert PhotoFolder(shop).find(key) is None


def test_a_pipe_is_no_photo_to_wait_for(shop):
    os.mkfifo(shop / "pipe.jpg")
    assert PhotoFolder(shop).find("pipe.jpg") is None
