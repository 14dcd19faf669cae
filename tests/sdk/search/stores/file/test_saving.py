"""Saving a gallery file: whole or not at all, in turns, and killed at random moments."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from fashionsdk._tools.files.atomic_file import replacing
from fashionsdk.errors import GalleryError
from fashionsdk.search._matcher import Matcher
from fashionsdk.search.stores import Contract
from fashionsdk.search.stores.file._gallery_file import GalleryContents, read_gallery, write_gallery
from tests.sdk.search.stores.file.small_gallery import AXES, small


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(GalleryError, match="No such file or directory; what was saved there before is untouched"):
        write_gallery(tmp_path / "none" / "x.gallery", small())


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path):
    before = path.read_bytes()
    with suppress(RuntimeError), replacing(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_link_stays_a_link(path):
    link = path.with_name("link.gallery")
    link.symlink_to(path)
    write_gallery(link, GalleryContents(Contract("model-2", {"colour": 3}), [], [], {"colour": AXES[:0]}))
    assert link.is_symlink()
    assert read_gallery(path).contract.digest == "model-2"


def test_the_bytes_reach_the_disk_before_the_name_changes(path, monkeypatch):
    calls = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(fd):
        calls.append("fsync")
        real_fsync(fd)

    def replace(*names):
        calls.append("replace")
        real_replace(*names)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_gallery(path, small())
    assert calls == ["fsync", "replace", "fsync"]


SAVER = """
import sys, numpy as np
from fashionsdk.embeddings import Embeddings
from fashionsdk.search._matcher import Matcher
path, start = sys.argv[1], int(sys.argv[2])
for version in range(start, start + 10**6):
    vectors = np.zeros((500, 2, 64), np.float32)
    vectors[:, :, version % 64] = 1
    Matcher([f"{version}/{row}" for row in range(500)], Embeddings(vectors, ("a", "b"), "m")).save(path)
    print(version, flush=True)
"""


@pytest.mark.slow
def test_a_saver_killed_at_any_moment_loses_nothing_that_was_saved(tmp_path):
    path, random_moment, finished = tmp_path / "shop.gallery", random.Random(0), -1
    for _ in range(8):
        command = [sys.executable, "-c", SAVER, str(path), str(finished + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as saver:
            assert saver.stdout is not None
            finished = int(saver.stdout.readline())
            time.sleep(random_moment.uniform(0, 0.08))
            saver.send_signal(signal.SIGKILL)
            finished = max([finished, *map(int, saver.stdout.read().split())])
        loaded = Matcher.load(path, model="m")
        version = int(loaded.keys[0].split("/")[0])
        assert version in (finished, finished + 1)
        assert loaded.keys == tuple(f"{version}/{row}" for row in range(500))
        assert loaded.get(loaded.keys[-1]).embeddings["b"][0, version % 64] == 1
        finished = version
    loaded.save(path)
    assert os.listdir(tmp_path) == [path.name]


def test_two_savers_take_turns(tmp_path):
    path = tmp_path / "shop.gallery"
    savers = [
        subprocess.Popen(
            [sys.executable, "-c", SAVER.replace("10**6", "30"), str(path), str(start)], stdout=subprocess.DEVNULL
        )
        for start in (0, 1000)
    ]
    assert [saver.wait() for saver in savers] == [0, 0]
    assert Matcher.load(path).keys[0] in ("29/0", "1029/0")
    assert os.listdir(tmp_path) == [path.name]
