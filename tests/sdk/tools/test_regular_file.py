"""What is read is a file: pipes are not waited for, and the system's errors become ours."""

import errno
import os
from collections.abc import Callable

import pytest

from fashionsdk._tools.files.regular_file import open_regular, read_regular, system_errors_as
from fashionsdk.bundle import Bundle
from fashionsdk.errors import BundleError, FashionSDKError, GalleryError, ImageError, LabelsError
from fashionsdk.labels import holds_triplets, read_attributes, read_csv, read_labels, read_retrieval, read_triplets
from fashionsdk.photos import open_image
from fashionsdk.search import Matcher


def test_a_file_is_read(tmp_path):
    (tmp_path / "x").write_bytes(b"content")
    assert read_regular(tmp_path / "x") == b"content"


@pytest.mark.parametrize(
    ("name", "number"),
    [("pipe", errno.EINVAL), (".", errno.EISDIR), ("none", errno.ENOENT), ("a\0b", errno.EINVAL), ("x" * 300, 36)],
)
def test_what_is_no_file_is_an_error_at_once(tmp_path, name, number):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError) as caught:
        open_regular(f"{tmp_path}/{name}")
    assert caught.value.errno == number


def test_a_pipe_that_is_open_already_is_read():
    """As in ``fashionsdk rerank ... --keys <(other-engine)``."""
    reader, writer = os.pipe()
    os.write(writer, b"a key\n")  # less than a pipe holds
    os.close(writer)
    assert read_regular(f"/dev/fd/{reader}") == b"a key\n"
    os.close(reader)


def test_a_systems_error_becomes_ours():
    expected = pytest.raises(LabelsError, match=r"^cannot read x: No such file or directory$")
    with expected as caught, system_errors_as(LabelsError, "cannot read x"):
        open_regular("none")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


READERS: dict[str, tuple[Callable[[str], object], type[FashionSDKError]]] = {
    "gallery": (Matcher.load, GalleryError),
    "table": (read_csv, LabelsError),
    "labels": (lambda path: read_labels(path, "train"), LabelsError),
    "retrieval": (lambda path: read_retrieval(path, "valid"), LabelsError),
    "triplets": (lambda path: read_triplets(path, "val"), LabelsError),
    "photo": (open_image, ImageError),
    "bundle": (Bundle.open, BundleError),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["pipe", "folder", "none", "a\0b", "x" * 300, "file/x", "link"])
def test_every_reader_raises_its_error_for_every_fault_of_the_world(tmp_path, reader, name):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("link")
    read, kind = READERS[reader]
    with pytest.raises(kind):
        read(f"{tmp_path}/{name}")


@pytest.mark.parametrize("name", ["filenames.json", "meta.json", "labels.csv", "manifest.json"])
def test_a_pipe_within_a_folder_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    for read in (
        lambda: read_triplets(tmp_path, "val"),
        lambda: read_attributes(tmp_path),
        lambda: read_labels(tmp_path, "train"),
        lambda: Bundle.open(tmp_path),
    ):
        with pytest.raises(FashionSDKError):
            read()
    assert not holds_triplets(tmp_path)
