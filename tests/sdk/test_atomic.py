"""What replacing a file refuses to replace."""

import errno
import os

import pytest

from fashionsdk.atomic import check_replacing, replacing


@pytest.mark.parametrize("name", ["pipe", "link", "folder"])
def test_only_a_regular_file_is_replaced(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    os.symlink("pipe", tmp_path / "link")
    (tmp_path / "folder").mkdir()
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(OSError, match=f"{name} is not a regular file") as caught, replacing(tmp_path / name):
        pytest.fail("the block ran")
    with pytest.raises(OSError, match="is not a regular file"):
        check_replacing(tmp_path / name)
    assert caught.value.errno == errno.EINVAL
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "pipe").is_fifo()


def test_a_check_leaves_nothing_and_changes_nothing(tmp_path):
    (tmp_path / "old").write_bytes(b"old")
    check_replacing(tmp_path / "old")
    check_replacing(tmp_path / "new")
    assert (os.listdir(tmp_path), (tmp_path / "old").read_bytes()) == (["old"], b"old")


def test_a_check_finds_what_replacing_would(tmp_path):
    for path in (tmp_path / "none" / "x", tmp_path / ("x" * 250)):
        with pytest.raises(OSError) as expected, replacing(path):
            pytest.fail("the block ran")
        with pytest.raises(OSError) as found:
            check_replacing(path)
        assert found.value.errno == expected.value.errno
