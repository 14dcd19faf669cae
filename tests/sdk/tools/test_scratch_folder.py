"""Temporary folders: those of killed processes go, those of living ones stay."""

import os
import subprocess
import sys
from contextlib import suppress

import pytest

from fashionsdk._tools.files.scratch_folder import PREFIX, scratch_folder
from fashionsdk.errors import FashionSDKError

PROGRAM = """
import sys, tempfile, time
tempfile.tempdir = sys.argv[1]
from fashionsdk._tools.files.scratch_folder import scratch_folder
with scratch_folder() as folder:
    (folder / "graph.onnx").write_bytes(b"half")
    print("made", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def start(folder):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "made\n"
    return process


def test_a_folder_is_empty_and_removed(tmp_path):
    with suppress(ZeroDivisionError), scratch_folder() as folder:
        assert (folder.parent, os.listdir(folder)) == (tmp_path, [])
        (folder / "x").write_bytes(b"x")
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_what_killed_processes_left_is_removed_and_living_ones_keep_theirs(tmp_path):
    with start(tmp_path) as living:
        (kept,) = os.listdir(tmp_path)
        with start(tmp_path) as killed:
            killed.kill()
        assert len(os.listdir(tmp_path)) == 2
        (tmp_path / f"{PREFIX}link").symlink_to(tmp_path)  # not ours, and never followed
        with scratch_folder() as folder:
            assert sorted(os.listdir(tmp_path)) == sorted([kept, folder.name, f"{PREFIX}link"])
        assert (tmp_path / kept / "graph.onnx").read_bytes() == b"half"
        living.kill()


def test_no_place_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(FashionSDKError, match="cannot make a temporary folder: No such file"), scratch_folder():
        pytest.fail("the block ran")
