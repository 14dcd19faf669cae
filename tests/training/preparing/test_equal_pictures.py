"""Photos that show one picture are found, however they were saved."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fashionsdk_training.preparing import joined_groups
from fashionsdk_training.preparing.equal_pictures import NEAR, equal_pictures, small_pictures


def scene(seed, side=480):
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (6, 5, 3), dtype=np.uint8))
    return small.resize((side * 5 // 6, side), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("options", [{"quality": 85}, {"quality": 40}, {"quality": 80, "exif": b"Exif\0\0"}])
@pytest.mark.parametrize("scale", [1, 0.5])
def test_a_photo_saved_again_or_smaller_shows_the_same_picture(tmp_path, options, scale):
    scene(0).save(tmp_path / "a.png")
    again = scene(0).resize([round(length * scale) for length in scene(0).size], Image.Resampling.LANCZOS)
    again.save(tmp_path / "b.jpg", **options)
    scene(1).save(tmp_path / "c.jpg")
    pictures, unreadable = small_pictures([tmp_path / name for name in ("a.png", "b.jpg", "c.jpg")])
    assert unreadable == {}
    assert equal_pictures(pictures) == [[0, 1]]


def test_photos_that_cannot_be_read_are_named(tmp_path):
    scene(0).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:200])
    _, unreadable = small_pictures([tmp_path / "a.png", tmp_path / "b.png", tmp_path / "c.png"])
    assert list(unreadable) == [1, 2]
    assert "c.png" in unreadable[2]


@pytest.mark.slow
@given(st.integers(0, 1000), st.integers(1, 600))
def test_groups_are_those_of_comparing_all_pairs(seed, count):
    rng = np.random.default_rng(seed)
    pictures = rng.integers(0, 256, (count, 1)).astype(np.float32)
    pictures = pictures + rng.normal(scale=3, size=(count, 12)).astype(np.float32)
    apart = np.sqrt(((pictures[:, None].astype(np.float64) - pictures[None]) ** 2).mean(axis=2))
    found = joined_groups(count, equal_pictures(pictures))
    for pairs, finer, coarser in (
        (np.argwhere(apart < NEAR - 0.01), None, found),  # what is surely near is in one group
        (np.argwhere(apart < NEAR + 0.01), found, None),  # and nothing else, up to rounding
    ):
        expected = joined_groups(count, pairs.tolist())
        fine, coarse = (expected if each is None else each for each in (finer, coarser))
        assert len({*zip(fine.tolist(), coarse.tolist(), strict=True)}) == fine.max() + 1


def test_one_picture_for_thousands_of_photos_is_one_group():
    pictures = np.full((4_000, 768), 200, np.uint8)
    pictures[::2, 0] += 9
    assert [len(group) for group in equal_pictures(pictures)] == [4_000]
