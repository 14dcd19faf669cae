import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

from fashionsdk.preprocessing import EXTREME_ASPECT_RATIO, Preprocessing


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def torchvision_answer(image: Image.Image, side: int) -> np.ndarray:
    resize = Resize(side, InterpolationMode.BILINEAR, antialias=True)
    return np.asarray(Compose([resize, CenterCrop(side)])(image))


lengths = st.integers(1, 200)


@given(width=lengths, height=lengths, side=st.integers(1, 64), seed=st.integers(0, 99))
def test_equals_torchvision_resize_and_centre_crop(width: int, height: int, side: int, seed: int):
    image = noise(width, height, seed)
    difference = np.abs(Preprocessing(side)(image).astype(int) - torchvision_answer(image, side))
    extreme = max(width, height) > EXTREME_ASPECT_RATIO * min(width, height)
    assert difference.max() <= (1 if extreme else 0)


@pytest.mark.parametrize(("width", "height"), [(1, 3000), (3000, 1), (7, 2001), (901, 30)])
def test_strip_equals_torchvision_to_one_level(width: int, height: int):
    image = noise(width, height)
    assert np.abs(Preprocessing(32)(image).astype(int) - torchvision_answer(image, 32)).max() <= 1


@pytest.mark.parametrize(("width", "height"), [(1, 1_000_000), (1_000_000, 1)])
def test_strip_of_a_million_pixels_shows_its_middle_without_filling_the_memory(width: int, height: int):
    image = Image.new("RGB", (width, height), (10, 20, 30))
    image.paste((200, 100, 50), (width // 2 - 20, height // 2 - 20, width // 2 + 20, height // 2 + 20))
    square = Preprocessing(224)(image)  # resized as a whole it would take 200 GB
    assert (square == (200, 100, 50)).all()


def test_image_of_the_right_size_passes_unchanged():
    image = noise(32, 32)
    assert np.array_equal(Preprocessing(32)(image), np.asarray(image))


def test_answer_is_contiguous_writable_and_not_shared_with_the_image():
    image = noise(32, 32)
    square = Preprocessing(32)(image)
    before = np.array(image)
    square[:] = 0
    assert square.dtype == np.uint8
    assert square.flags.c_contiguous
    assert np.array_equal(before, np.asarray(image))


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P"])
def test_other_modes_are_refused(mode: str):
    with pytest.raises(ValueError, match=f"mode {mode}.*open_image"):
        Preprocessing(8)(Image.new(mode, (10, 10)))


def test_image_without_pixels_is_refused():
    with pytest.raises(ValueError, match="at least 1 pixel"):
        Preprocessing(8)(Image.new("RGB", (0, 10)))


def test_side_below_one_is_refused():
    with pytest.raises(ValueError, match="side is 0; expected 1"):
        Preprocessing(0)


def test_json_comes_back_as_it_went():
    preprocessing = Preprocessing(224)
    assert Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json()))) == preprocessing


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "lacks the key 'side'"),
        ({"side": 8, "mean": 0}, "unknown key 'mean'"),
        ({"side": 8.0}, "side is 8.0; expected int"),
        ({"side": True}, "side is True; expected int"),
        ({"side": -1}, "side is -1"),
        ([8], "expected an object"),
    ],
)
def test_json_that_does_not_fit_is_refused(value: object, message: str):
    with pytest.raises(ValueError, match=message):
        Preprocessing.from_json(value)
