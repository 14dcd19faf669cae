"""A full disk is an error before anything is lost, never the signal that a sparse memory map ends in."""

import errno
import os
import resource
import subprocess
import sys

import numpy as np
import pytest

from fashionsdk._tools.files import allocation
from fashionsdk._tools.files.allocation import allocate, allocated_array
from fashionsdk._tools.files.atomic_file import replacing
from fashionsdk._tools.files.atomic_folder import replacing_folder
from fashionsdk.errors import FashionSDKError
from fashionsdk.evaluation._scratch_vectors import scratch_vectors


@pytest.fixture(params=["reserved", "zeros"])
def way(request, monkeypatch):
    """With and without a file system that reserves space."""
    if request.param == "zeros":

        def refuse(*_):
            raise OSError(errno.EOPNOTSUPP, "not supported")

        monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    return request.param


def test_allocated_space_is_zeros_and_on_the_disk(tmp_path, way, monkeypatch):
    monkeypatch.setattr(allocation, "_ZEROS", 1000)
    with (tmp_path / "x").open("wb+") as file:
        file.write(b"head")
        file.flush()
        rows = allocated_array(file, np.float32, (5, 700), offset=4)
        assert not rows.any()
        rows[3] = 7
    data = (tmp_path / "x").read_bytes()
    assert (data[:4], len(data)) == (b"head", 4 + 5 * 700 * 4)
    np.testing.assert_array_equal(np.frombuffer(data[4:], np.float32).reshape(5, 700)[3], np.full(700, 7))
    assert (tmp_path / "x").stat().st_blocks * 512 >= len(data)


def test_a_full_disk_is_an_error_at_once(small_disk, way):
    with (small_disk / "x").open("wb+") as file, pytest.raises(OSError) as caught:
        allocate(file.fileno(), 0, 16 << 20)
    assert caught.value.errno == errno.ENOSPC


def test_nothing_is_allocated_for_nothing(tmp_path):
    with (tmp_path / "x").open("wb+") as file:
        allocate(file.fileno(), 0, 0)
    assert (tmp_path / "x").stat().st_size == 0


def test_evaluations_say_that_the_disk_is_full(small_disk, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    batches = [(np.array([0]), np.ones((1, 4, 100), np.float32))]
    message = (
        rf"of 10,000 photos, 16\.0 MB, in the folder {small_disk}: No space left on device; free some space, or name"
    )
    with pytest.raises(FashionSDKError, match=message), scratch_vectors(batches, 10_000):
        pytest.fail("the block ran")
    with scratch_vectors(batches, 100) as vectors:
        np.testing.assert_array_equal(vectors.rows(3, np.array([0])), np.ones((1, 100)))
        assert os.listdir(small_disk) == []  # the file has no name, so nothing of a killed process stays


LIMITED = """
import resource, numpy as np
from fashionsdk.errors import FashionSDKError
from fashionsdk.evaluation._scratch_vectors import scratch_vectors
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with scratch_vectors([(np.array([0]), np.ones((1, 4, 100), np.float32))], 2000):
        print("stored")
except FashionSDKError as error:
    print(error)
"""


def test_a_limit_on_files_is_no_signal_either():
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True)
    assert "of 2,000 photos, 3.2 MB, in the folder" in done.stdout
    assert "File too large" in done.stdout
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000


def test_a_full_disk_keeps_the_old_file_and_the_old_folder(small_disk):
    path, folder = small_disk / "x", small_disk / "bundle"
    path.write_bytes(b"old")
    with replacing_folder(folder) as new:
        (new / "model").write_bytes(b"old")
    with pytest.raises(OSError, match="No space left"), replacing(path) as file:
        file.write(bytes(16 << 20))
    with pytest.raises(OSError, match="No space left"), replacing_folder(folder) as new:
        (new / "model").write_bytes(bytes(16 << 20))
    assert (path.read_bytes(), (folder / "model").read_bytes()) == (b"old", b"old")
    assert sorted(os.listdir(small_disk)) == ["bundle", "x"]
