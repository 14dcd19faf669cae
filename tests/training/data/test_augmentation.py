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


@pytest.mark.parametrize("bad", [{"smallest_crop": 0}, {"smallest_crop": 1.5}, {"brightness": 1}])
def test_numbers_out_of_range_are_an_error(bad):
    with pytest.raises(ValueError, match="expected 0 < smallest_crop"):
        Augmentation(**bad)


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
