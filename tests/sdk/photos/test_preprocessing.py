import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from fashionsdk.errors import ImageError
from fashionsdk.photos._preprocessing import EXTREME_ASPECT_RATIO, Preprocessing
from fashionsdk.photos._source import open_image
from tests.sdk.photos.photos import encode


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def torchvision_answer(image: Image.Image, side: int) -> np.ndarray:
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize  # seconds, with PyTorch

    resize = Resize(side, InterpolationMode.BILINEAR, antialias=True)
    return np.asarray(Compose([resize, CenterCrop(side)])(image))


lengths = st.integers(1, 200)


@pytest.mark.slow  # it imports PyTorch
@given(width=lengths, height=lengths, side=st.integers(1, 64), seed=st.integers(0, 99))
def test_equals_torchvision_resize_and_centre_crop(width: int, height: int, side: int, seed: int):
    image = noise(width, height, seed)
    difference = np.abs(Preprocessing(side)(image).astype(int) - torchvision_answer(image, side))
    extreme = max(width, height) > EXTREME_ASPECT_RATIO * min(width, height)
    assert difference.max() <= (1 if extreme else 0)


@pytest.mark.slow  # it imports PyTorch
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


def test_reducing_gap_below_one_is_refused():
    with pytest.raises(ValueError, match="reducing_gap is 0; expected 1 or more and 128 at most, or None"):
        Preprocessing(8, reducing_gap=0)


@pytest.mark.parametrize(
    "preprocessing",
    [Preprocessing(224), Preprocessing(224, 1), Preprocessing(8, None), Preprocessing((8, 6), fit="pad")],
)
def test_json_comes_back_as_it_went(preprocessing: Preprocessing):
    assert Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json()))) == preprocessing


def test_crop_is_written_as_before_there_was_a_choice():
    assert Preprocessing(8).to_json() == {"side": 8, "reducing_gap": 3}
    assert Preprocessing((8, 8)).to_json() == {"side": 8, "reducing_gap": 3}
    assert Preprocessing.from_json({"side": 8, "reducing_gap": None}) == Preprocessing(8, None, fit="crop")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"reducing_gap": 3}, "lacks the key 'side'"),
        ({"side": 8}, "lacks the key 'reducing_gap'"),
        ({"side": 8, "reducing_gap": 3, "mean": 0}, "unknown key 'mean'"),
        ({"side": 8.0, "reducing_gap": 3}, "side is 8.0; expected int"),
        ({"side": True, "reducing_gap": 3}, "side is True; expected int"),
        ({"side": -1, "reducing_gap": 3}, "side is -1"),
        ({"side": 8, "reducing_gap": 3, "fit": "stretch"}, "fit is 'stretch'; expected one of 'crop', 'pad'"),
        ({"side": 8, "reducing_gap": 3, "fit": None}, "fit is None; expected one of 'crop', 'pad'"),
        ({"side": 8, "reducing_gap": 3.0}, "reducing_gap is 3.0; expected int"),
        ({"side": 8, "reducing_gap": True}, "reducing_gap is True; expected int"),
        ({"side": 8, "reducing_gap": -1}, "reducing_gap is -1"),
        ([8], "expected an object"),
    ],
)
def test_json_that_does_not_fit_is_refused(value: object, message: str):
    with pytest.raises(ValueError, match=message):
        Preprocessing.from_json(value)


def jpeg(width: int, height: int, **options: Any) -> bytes:
    """Return a file of soft shapes with all their colour: a reader may fill in colour left out in ways of its own."""
    few = noise(9, 12).resize((width, height), Image.Resampling.BICUBIC)
    return encode(few, "JPEG", **{"quality": 95, "subsampling": 0, **options})


# Levels out of 255, of one pixel and on average: a photo reduced while it is decoded is not filtered by quite the same
# weights. 4 and 0.9 measured over 1,200 sizes.
READ_ATOL, READ_MEAN_ATOL = 6, 1.3


@settings(max_examples=60)
@given(width=st.integers(1, 900), height=st.integers(1, 900), side=st.integers(12, 40))
def test_reading_a_jpeg_gives_nearly_what_all_its_pixels_give(width: int, height: int, side: int):
    data = jpeg(width, height)
    difference = np.abs(Preprocessing(side).read(data).astype(int) - Preprocessing(side)(open_image(data)))
    if min(width, height) < 2 * 3 * side:
        assert difference.max() == 0
    assert difference.max() <= READ_ATOL
    assert difference.mean() <= READ_MEAN_ATOL


@pytest.mark.parametrize(("gap", "kept"), [(1, 100), (2, 200), (3, 200), (4, 400), (8, 800), (99, 800), (None, 800)])
def test_jpeg_is_decoded_at_the_smallest_size_that_keeps_the_gap(gap: int | None, kept: int):
    data = jpeg(1000, 800)
    reduced = Image.open(io.BytesIO(data))
    reduced.draft(None, (1000 * kept // 800, kept))  # 1/8, 1/4, 1/2 or all of its size
    assert min(reduced.size) == kept
    assert np.array_equal(Preprocessing(60, gap).read(data), Preprocessing(60, None)(reduced.copy()))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_reading_a_turned_jpeg_reduces_it_about_the_same_centre(orientation: int):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = jpeg(397, 501, exif=exif)
    difference = Preprocessing(16).read(data).astype(int) - Preprocessing(16)(open_image(data))
    assert np.abs(difference).max() <= READ_ATOL


def test_every_kind_of_source_is_read(tmp_path: Path):
    (path := tmp_path / "photo.jpg").write_bytes(data := jpeg(640, 480))
    square = Preprocessing(32).read(path)
    assert square.shape == (32, 32, 3)
    assert square.dtype == np.uint8
    assert np.array_equal(square, Preprocessing(32).read(str(path)))
    assert np.array_equal(square, Preprocessing(32).read(data))
    whole = Preprocessing(32)(open_image(path))  # a Pillow image and an array have no file left to reduce
    assert np.array_equal(whole, Preprocessing(32).read(open_image(path)))
    assert np.array_equal(whole, Preprocessing(32).read(np.asarray(open_image(path))))


def test_photo_that_cannot_be_read_is_an_image_error():
    with pytest.raises(ImageError, match="is not an image"):
        Preprocessing(32).read(b"no photo")
