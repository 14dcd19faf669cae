"""What replacing a file refuses to replace, and what writers of one folder leave to each other."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from fashionsdk._tools.files.atomic_file import check_replacing, locked, replacing
from fashionsdk._tools.files.atomic_folder import replacing_folder


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


KILLED_WRITER = """
import sys, time
from fashionsdk._tools.files.atomic_folder import replacing_folder

with replacing_folder(sys.argv[1]) as folder:
    (folder / "half").write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(60)
"""


@contextmanager
def writer(target: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process in the middle of writing a folder; it is killed in the end."""
    argv = [sys.executable, "-c", KILLED_WRITER, str(target)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        try:
            yield process
        finally:
            process.kill()


def write_folder(target: Path, content: bytes) -> None:
    with replacing_folder(target) as folder:
        assert list(folder.iterdir()) == []
        (folder / "file").write_bytes(content)


def test_what_a_killed_writer_leaves_is_removed_by_the_next_one(tmp_path):
    target = tmp_path / "best"
    write_folder(target, b"old")
    with writer(target):
        pass
    assert sorted(os.listdir(tmp_path)) == [".best.partial", ".best.saving", "best"]
    assert (target / "file").read_bytes() == b"old"
    write_folder(target, b"new")
    assert (os.listdir(tmp_path), os.listdir(target)) == (["best"], ["file"])
    assert (target / "file").read_bytes() == b"new"


def test_a_living_writer_keeps_its_folder_and_the_next_one_waits(tmp_path):
    target = tmp_path / "best"
    with ThreadPoolExecutor(1) as pool:
        with writer(target) as process:
            waiting = pool.submit(write_folder, target, b"new")
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
            assert (tmp_path / ".best.partial" / "half").read_bytes() == b"half"
            assert process.poll() is None
        waiting.result(timeout=10)
    assert (os.listdir(tmp_path), os.listdir(target)) == (["best"], ["file"])


def test_many_writers_of_one_folder_take_turns(tmp_path):
    target, contents = tmp_path / "best", [bytes([index]) * 1000 for index in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write_folder(target, content), contents))
    assert (target / "file").read_bytes() in contents
    assert os.listdir(tmp_path) == ["best"]


def test_one_at_a_time_holds_a_lock_and_nothing_stays_of_it(tmp_path):
    inside, most = [0], [0]

    def hold(_):
        with locked(tmp_path / ".lock"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.001)
            inside[0] -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hold, range(80)))
    assert (most, os.listdir(tmp_path)) == ([1], [])
    with pytest.raises(FileNotFoundError), locked(tmp_path / "none" / ".lock"):
        pytest.fail("the block ran")
    with pytest.raises(ZeroDivisionError), locked(tmp_path / ".lock"):
        _ = 1 / 0
    assert os.listdir(tmp_path) == []
