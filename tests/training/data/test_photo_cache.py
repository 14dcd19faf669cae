"""The cache of decoded photos, and unreadable photos."""

import hashlib
import logging
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk._tools.files.atomic_file import locked
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_training.data import cache_digests
from fashionsdk_training.data.photo_cache import cache_photos
from fashionsdk_training.errors import DataError

PREPROCESSING = Preprocessing(16)


def photos(tmp_path, count=3):
    paths = []
    for i in range(count):
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray(np.random.default_rng(i).integers(0, 256, (20, 30, 3), dtype=np.uint8)).save(paths[-1])
    return paths


def test_cached_pixels_are_the_preprocessed_photos(tmp_path):
    paths = photos(tmp_path)
    for _ in range(2):  # decoded, then read back
        cache = cache_photos(paths, PREPROCESSING, tmp_path / "cache")
        for path, pixels in zip(paths, cache.pixels, strict=True):
            np.testing.assert_array_equal(pixels, PREPROCESSING(Image.open(path)))


def test_a_second_run_does_not_decode_again(tmp_path):
    paths = photos(tmp_path)
    cache_photos(paths, PREPROCESSING, tmp_path / "cache")
    stamps = [path.stat().st_mtime_ns for path in paths]
    for path, stamp in zip(paths, stamps, strict=True):
        size = path.stat().st_size
        path.write_bytes(b"x" * size)  # would be unreadable if it were opened
        os.utime(path, ns=(stamp, stamp))
    assert cache_photos(paths, PREPROCESSING, tmp_path / "cache").unreadable == {}


def test_a_changed_photo_is_decoded_again(tmp_path):
    paths = photos(tmp_path)
    before = np.array(cache_photos(paths, PREPROCESSING, tmp_path / "cache").pixels)
    Image.new("RGB", (30, 20), "red").save(paths[1])
    after = cache_photos(paths, PREPROCESSING, tmp_path / "cache").pixels
    assert (before[1] != after[1]).any()
    np.testing.assert_array_equal(before[2], after[2])


def test_unreadable_photos_are_left_out_with_a_reason_and_a_count(tmp_path, caplog):
    good, truncated, zero, text = photos(tmp_path, 4)
    truncated.write_bytes(truncated.read_bytes()[:200])
    zero.write_bytes(b"")
    text.write_text("not a photo")
    paths = [good, truncated, zero, text, tmp_path / "missing.jpg"]
    with caplog.at_level(logging.WARNING):
        cache = cache_photos(paths, PREPROCESSING, tmp_path / "cache")
    assert cache.readable.tolist() == [True, False, False, False, False]
    assert sorted(cache.unreadable) == [1, 2, 3, 4]
    assert "missing.jpg" in cache.unreadable[4]
    assert "4 of 5 photos cannot be read" in caplog.text


KILLED = """
import os, sys
from pathlib import Path
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_training.data import photo_cache as photos

folder = Path(sys.argv[1])
os.replace = lambda *names: os.kill(os.getpid(), 9)  # with all photos decoded, but not under their name
photos.cache_photos(sorted(folder.glob("*.png")), Preprocessing(16), folder / "cache")
"""


def test_what_a_killed_process_leaves_is_overwritten(tmp_path):
    paths = photos(tmp_path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = {path.suffix for path in (tmp_path / "cache").iterdir()}
    assert left == {".partial", ".decoding"}
    cache = cache_photos(paths, PREPROCESSING, tmp_path / "cache")
    np.testing.assert_array_equal(cache.pixels[1], PREPROCESSING(Image.open(paths[1])))
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} == {".npy", ".json"}


def test_what_a_killed_process_leaves_is_removed_for_other_photos_too(tmp_path):
    paths = photos(tmp_path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    cache_photos(paths[:2], PREPROCESSING, tmp_path / "cache")
    assert sorted(path.suffix for path in (tmp_path / "cache").iterdir()) == [".json", ".npy"]


def test_what_a_living_process_decodes_is_kept(tmp_path):
    paths, cache = photos(tmp_path), tmp_path / "cache"
    cache.mkdir()
    (cache / "abc.partial").write_bytes(b"half")
    with locked(cache / ".abc.decoding"):
        cache_photos(paths, PREPROCESSING, cache)
        assert (cache / "abc.partial").read_bytes() == b"half"
    assert not (cache / ".abc.decoding").exists()


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, small_disk):
    paths = photos(tmp_path)
    message = (
        rf"cannot keep 3 decoded photos, 37\.7 MB, in the folder {small_disk}/cache: No space left on device; free"
    )
    with pytest.raises(DataError, match=message):
        cache_photos(paths, Preprocessing(2048), small_disk / "cache")
    assert list((small_disk / "cache").iterdir()) == []
    assert cache_photos(paths, PREPROCESSING, small_disk / "cache").readable.all()


def test_a_folder_that_cannot_be_one_is_one_line(tmp_path):
    paths = photos(tmp_path)
    for folder in (paths[0], "/proc/x"):
        with pytest.raises(DataError, match=r"cannot keep 3 decoded photos, .*choose another folder"):
            cache_photos(paths, PREPROCESSING, Path(folder))


def test_an_interrupt_does_not_wait_for_the_other_photos(tmp_path, monkeypatch):
    paths, read = photos(tmp_path) * 200, []

    def interrupted(self, path):
        read.append(path)
        if len(read) == 1:
            raise KeyboardInterrupt
        time.sleep(0.005)
        return np.zeros((16, 16, 3), np.uint8)

    monkeypatch.setattr(Preprocessing, "read_placed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache_photos(paths, PREPROCESSING, tmp_path / "cache")
    assert len(read) < len(paths)
    assert list((tmp_path / "cache").iterdir()) == []


def test_processes_that_need_the_same_photos_decode_them_once(tmp_path, monkeypatch):
    paths, decoded = photos(tmp_path), []
    read = Preprocessing.read_placed

    def recorded(self, path):
        decoded.append(path)
        return read(self, path)

    monkeypatch.setattr(Preprocessing, "read_placed", recorded)
    with ThreadPoolExecutor(4) as pool:
        caches = list(pool.map(lambda _: cache_photos(paths, PREPROCESSING, tmp_path / "cache"), range(4)))
    assert sorted(decoded) == paths
    for cache in caches:
        np.testing.assert_array_equal(cache.pixels, caches[0].pixels)


@pytest.mark.parametrize("suffix", [".npy", ".json"])
@pytest.mark.parametrize("place", [0, 0.5, 0.9999])
def test_a_flipped_bit_in_the_cache_is_found_and_the_photos_are_decoded_again(tmp_path, caplog, suffix, place):
    paths = photos(tmp_path)
    expected = np.array(cache_photos(paths, PREPROCESSING, tmp_path / "cache").pixels)
    (file,) = (tmp_path / "cache").glob(f"*{suffix}")
    data = bytearray(file.read_bytes())
    data[int(place * len(data))] ^= 1
    file.write_bytes(data)
    np.testing.assert_array_equal(cache_photos(paths, PREPROCESSING, tmp_path / "cache").pixels, expected)
    assert "is decoded again: it is damaged" in caplog.text
    caplog.clear()
    cache_photos(paths, PREPROCESSING, tmp_path / "cache")
    assert caplog.text == ""


def test_a_cache_of_before_without_digests_is_decoded_again(tmp_path):
    paths = photos(tmp_path)
    cache_photos(paths, PREPROCESSING, tmp_path / "cache")
    (file,) = (tmp_path / "cache").glob("*.json")
    file.write_text('{"1": "cannot be read"}')
    assert cache_photos(paths, PREPROCESSING, tmp_path / "cache").unreadable == {}


def test_digests_of_pieces_are_those_of_the_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_digests, "PIECE", 1 << 20)
    data = np.random.default_rng(0).bytes((5 << 19) + 7)
    (tmp_path / "file").write_bytes(data)
    expected = [hashlib.sha256(data[start : start + (1 << 20)]).hexdigest() for start in range(0, len(data), 1 << 20)]
    assert cache_digests.piece_digests(tmp_path / "file") == expected


def test_another_size_or_reduction_has_its_own_cache(tmp_path):
    paths = photos(tmp_path)
    small = cache_photos(paths, PREPROCESSING, tmp_path / "cache").pixels
    large = cache_photos(paths, Preprocessing(24), tmp_path / "cache").pixels
    assert (small.shape[1], large.shape[1]) == (16, 24)
    cache_photos(paths, Preprocessing(16, reducing_gap=None), tmp_path / "cache")
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 3


def test_padded_photos_come_back_without_their_padding_also_from_disk(tmp_path: Path):
    sizes = [(20, 60), (60, 20), (30, 30), (1, 90)]
    paths = [tmp_path / f"{i}.png" for i in range(len(sizes))]
    for i, (path, (width, height)) in enumerate(zip(paths, sizes, strict=True)):
        noise = np.random.default_rng(i).integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(noise).save(path)
    preprocessing = Preprocessing((40, 32), fit="pad")
    for _ in range(2):
        cache = cache_photos([*paths, tmp_path / "none.png"], preprocessing, tmp_path / "cache")
        assert list(cache.unreadable) == [4]
        for i, path in enumerate(paths):
            pixels, placement = preprocessing.read_placed(path)
            left, top, right, bottom = placement.visible
            assert np.array_equal(cache.pixels[i], pixels)
            assert np.array_equal(cache.photo(i), pixels[top:bottom, left:right])
        assert cache.photo(4).shape == (40, 32, 3)
