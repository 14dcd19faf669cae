"""Random changes to photos."""

import numpy as np
import pytest

from fashionsdk.photos import Fit
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_training.data.augmentation import Augmentation

PHOTO = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
PLAIN = Augmentation(smallest_crop=1.0, mirror=False, brightness=0.0)


def test_no_change_is_the_preprocessing_alone():
    from PIL import Image

    got = PLAIN(PHOTO, Preprocessing(32), np.random.default_rng(0))
    np.testing.assert_array_equal(got, Preprocessing(32)(Image.fromarray(PHOTO)))


def test_the_same_generator_state_gives_the_same_photo():
    first, second = (Augmentation()(PHOTO, Preprocessing(32), np.random.default_rng(7)) for _ in range(2))
    other = Augmentation()(PHOTO, Preprocessing(32), np.random.default_rng(8))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_half_of_the_photos_are_mirrored():
    mirrored = Augmentation(smallest_crop=1.0, mirror=True, brightness=0.0)
    variants = [mirrored(PHOTO, Preprocessing(40), np.random.default_rng(i)) for i in range(200)]
    flips = sum(np.array_equal(variant, PHOTO[:, ::-1]) for variant in variants)
    assert flips + sum(np.array_equal(variant, PHOTO) for variant in variants) == 200
    assert 70 < flips < 130


def test_hue_stays_when_brightness_changes():
    grey = np.full((40, 40, 3), 120, np.uint8)
    changed = Augmentation(brightness=0.4)(grey, Preprocessing(32), np.random.default_rng(1))
    assert (changed.max(axis=-1) == changed.min(axis=-1)).all()


@pytest.mark.parametrize(
    "bad", [{"smallest_crop": 0}, {"smallest_crop": 1.5}, {"brightness": 1}, {"largest_crop": 0.9}, {"largest_crop": 5}]
)
def test_numbers_out_of_range_are_an_error(bad):
    with pytest.raises(ValueError, match="expected 0 < smallest_crop"):
        Augmentation(**bad)


@pytest.mark.parametrize("erased", [-0.1, 1.1])
def test_a_share_to_erase_out_of_range_is_an_error(erased: float):
    with pytest.raises(ValueError, match="expected a share of the photos"):
        Augmentation(erased=erased)


@pytest.mark.parametrize("size", [(30, 50), (50, 30), (1, 60)])
def test_a_crop_that_reaches_beyond_the_photo_shows_it_whole_and_smaller(size: tuple[int, int]):
    """It is what a photo on a larger canvas of its own proportions, anywhere on it, becomes."""
    pixels = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
    preprocessing = Preprocessing((24, 32), fit="pad", padding=(255, 0, 0))
    places = set()
    for seed in range(20):
        wide = Augmentation(smallest_crop=1.0, mirror=False, brightness=0, largest_crop=2.0)
        changed = wide(pixels, preprocessing, np.random.default_rng(seed))
        rng = np.random.default_rng(seed)
        share = rng.uniform(1, 2)
        canvas = np.full((round(size[0] * share), round(size[1] * share), 3), (255, 0, 0), np.uint8)
        x, y = (int(rng.integers(part - whole, 1)) for part, whole in zip(size[::-1], canvas.shape[1::-1], strict=True))
        canvas[-y : size[0] - y, -x : size[1] - x] = pixels
        assert np.array_equal(changed, preprocessing.read(canvas))
        places.add((x, y))
    assert len(places) > 10


def test_crops_are_smaller_and_larger_than_the_photo_by_turns():
    grey = np.full((40, 40, 3), 120, np.uint8)
    augmentation = Augmentation(smallest_crop=0.8, largest_crop=1.25, mirror=False, brightness=0)
    preprocessing = Preprocessing(40, fit="pad", padding=(0, 0, 0))
    shown = [(augmentation(grey, preprocessing, np.random.default_rng(seed)) > 60).mean() for seed in range(100)]
    assert 0.3 < np.mean(np.array(shown) == 1) < 0.6  # (1 - 0.8) / (1.25 - 0.8) = 0.44
    assert 0.6 < min(shown) < 0.72  # 1 / 1.25 squared


def test_a_rectangle_of_as_many_photos_as_asked_for_is_erased():
    grey = np.full((40, 60, 3), 120, np.uint8)
    augmentation = Augmentation(smallest_crop=1.0, mirror=False, brightness=0, erased=0.4)
    preprocessing = Preprocessing((40, 60), fit="pad", padding=(1, 2, 3))
    erased = 0
    for seed in range(300):
        gone = (augmentation(grey, preprocessing, np.random.default_rng(seed)) == (1, 2, 3)).all(axis=-1)
        rows, columns = np.flatnonzero(gone.any(axis=1)), np.flatnonzero(gone.any(axis=0))
        if len(rows):
            erased += 1
            assert gone.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
            assert 0.01 < gone.mean() < 0.21
    assert 90 < erased < 150


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("size", [(30, 50), (50, 30), (41, 41), (1, 60)])
def test_a_photo_of_any_proportions_is_cropped_in_them_and_fitted(fit: Fit, size: tuple[int, int]):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    preprocessing = Preprocessing((24, 32), fit=fit)
    changed = Augmentation(0.6, mirror=False, brightness=0)(pixels, preprocessing, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    share = rng.uniform(0.6, 1)
    height, width = max(round(size[0] * share), 1), max(round(size[1] * share), 1)
    left, top = rng.integers(0, size[1] - width + 1), rng.integers(0, size[0] - height + 1)
    assert np.array_equal(changed, preprocessing.read(pixels[top : top + height, left : left + width].copy()))
