"""A file or folder that is replaced keeps its mode and owner; what cannot be replaced is known before."""

import errno
import os
import stat
import subprocess
import sys
from contextlib import contextmanager

import pytest

from fashionsdk._tools.files.atomic_file import check_replacing, replacing
from fashionsdk._tools.files.atomic_folder import check_replacing_folder, replacing_folder

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others, and mount")
NOBODY = 65534


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def save(path, content=b"new"):
    with replacing(path) as file:
        file.write(content)


def save_folder(path):
    with replacing_folder(path) as folder:
        (folder / "model").write_bytes(b"new")
        (folder / "more").write_bytes(b"new")


@contextmanager
def mask(bits):
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o664, 0o444, 0o755])
def test_a_mode_survives_a_save(tmp_path, bits):
    path = tmp_path / "private.gallery"
    path.write_bytes(b"old")
    path.chmod(bits)
    save(path)
    assert (path.read_bytes(), mode(path)) == (b"new", bits)


def test_a_private_file_is_private_while_it_is_written(tmp_path):
    path = tmp_path / "private.gallery"
    path.touch(0o600)
    with replacing(path):
        assert mode(tmp_path / ".private.gallery.saving") == 0o600


@pytest.mark.parametrize("bits", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_mode_that_the_user_set_for_new_files(tmp_path, bits):
    with mask(bits):
        save(tmp_path / "new")
        save_folder(tmp_path / "folder")
    assert mode(tmp_path / "new") == 0o666 & ~bits
    assert mode(tmp_path / "folder") == 0o777 & ~bits
    assert mode(tmp_path / "folder" / "model") == 0o666 & ~bits


def test_what_a_killed_save_left_does_not_decide_the_mode(tmp_path):
    (tmp_path / ".new.saving").write_bytes(b"half")
    (tmp_path / ".new.saving").chmod(0o600)
    with mask(0o022):
        save(tmp_path / "new")
    assert (mode(tmp_path / "new"), os.listdir(tmp_path)) == (0o644, ["new"])


def test_a_folder_and_its_files_keep_their_modes(tmp_path):
    path = tmp_path / "bundle"
    with mask(0o022):
        save_folder(path)
        path.chmod(0o750)
        (path / "model").chmod(0o600)
        save_folder(path)
    assert [mode(each) for each in (path, path / "model", path / "more")] == [0o750, 0o600, 0o644]


@only_root
def test_root_keeps_the_owner_of_files_and_folders(tmp_path):
    path, folder = tmp_path / "theirs", tmp_path / "bundle"
    path.write_bytes(b"old")
    save_folder(folder)
    for each in (path, folder, folder / "model"):
        os.chown(each, NOBODY, NOBODY - 1)
    save(path)
    save_folder(folder)
    owners = [(each.stat().st_uid, each.stat().st_gid) for each in (path, folder, folder / "model", folder / "more")]
    assert owners == [(NOBODY, NOBODY - 1)] * 3 + [(0, 0)]


AS_NOBODY = """
import fcntl, os, sys, tempfile
from fashionsdk._tools.files.atomic_file import check_replacing, replacing
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[2]))
check_replacing(sys.argv[1])
with replacing(sys.argv[1]) as file:
    file.write(b"new")
"""


def as_nobody(path):
    command = [sys.executable, "-c", AS_NOBODY, str(path), str(NOBODY)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def open_folder(tmp_path):
    """A folder that everybody may write to, and reach."""
    for folder in (*reversed(tmp_path.parents), tmp_path):
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(mode(folder) | 0o111)
    tmp_path.chmod(0o777)
    return tmp_path


@only_root
def test_a_group_that_cannot_be_kept_does_not_pass_its_rights_on(open_folder):
    path = open_folder / "theirs"
    path.write_bytes(b"old")
    path.chmod(0o664)
    done = as_nobody(path)
    assert done.returncode == 0, done.stderr
    assert (path.read_bytes(), path.stat().st_gid, mode(path)) == (b"new", NOBODY, 0o644)


@only_root
def test_another_users_file_in_a_sticky_folder_is_refused_before_the_work(open_folder):
    path = open_folder / "theirs"
    path.write_bytes(b"old")
    open_folder.chmod(0o1777)
    assert "PermissionError: [Errno 1] it belongs to another user" in as_nobody(path).stderr
    assert path.read_bytes() == b"old"


@contextmanager
def bound(source, target):
    if subprocess.run(["mount", "--bind", source, target], check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", target], check=True)


@only_root
@pytest.mark.parametrize("name", ["shop.gallery", "a name\\with\tall"])
def test_a_mounted_file_is_refused_before_the_work(tmp_path, name):
    (tmp_path / "source").write_bytes(b"old")
    (tmp_path / name).touch()
    with bound(tmp_path / "source", tmp_path / name):
        for begin in (lambda: check_replacing(tmp_path / name), lambda: save(tmp_path / name)):
            with pytest.raises(OSError, match="is a mount point, which cannot be replaced; mount the folder") as caught:
                begin()
            assert caught.value.errno == errno.EBUSY
    assert (tmp_path / "source").read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == sorted(["source", name])


@only_root
def test_a_mounted_folder_is_refused_but_one_within_it_is_not(tmp_path):
    (tmp_path / "volume").mkdir()
    with bound(tmp_path / "volume", tmp_path / "volume"):
        with pytest.raises(OSError, match="is a mount point"):
            check_replacing_folder(tmp_path / "volume")
        with pytest.raises(OSError, match="is a mount point"):
            save_folder(tmp_path / "volume")
        check_replacing_folder(tmp_path / "volume" / "bundle")
        save_folder(tmp_path / "volume" / "bundle")
        assert os.listdir(tmp_path / "volume") == ["bundle"]


def test_a_file_is_never_replaced_by_a_folder(tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    for begin in (check_replacing_folder, save_folder):
        with pytest.raises(NotADirectoryError):
            begin(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_is_checked_without_making_it(tmp_path):
    check_replacing_folder(tmp_path / "new" / "deep" / "bundle")
    assert os.listdir(tmp_path) == []
    for path in ("x" * 250, "/proc/x/bundle", f"{tmp_path}/a\0b"):
        with pytest.raises(OSError):
            check_replacing_folder(path)


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_nothing_is_written_through_what_lies_in_the_place_of_a_temporary_file(tmp_path, kind):
    place = tmp_path / ".x.saving"
    (tmp_path / "other").write_bytes(b"mine")
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("other")
    for begin in (check_replacing, save):
        with pytest.raises(OSError):
            begin(tmp_path / "x")
    assert (tmp_path / "other").read_bytes() == b"mine"
