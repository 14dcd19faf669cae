"""With ``pad`` the whole photo is seen, and what lies where in the input is where the placement says, with any fit."""

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ExifTags, Image

from fashionsdk.photos import Preprocessing
from fashionsdk.photos._preprocessing import PADDING, Fit
from tests.sdk.photos.photos import encode

FITS = get_args(Fit)
SIDE = 32
SHAPES = [(90, 60), (60, 90), (64, 64), (200, 31), (31, 200), (20, 20), (7, 3)]
lengths = st.integers(1, 300)


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("size", [*SHAPES, (3000, 1), (1, 3000)])
def test_a_padded_photo_is_the_resized_one_pasted_on_white(size: tuple[int, int]):
    width, height = (max(1, SIDE * length // max(size)) for length in size)
    canvas = Image.new("RGB", (SIDE, SIDE), PADDING)
    resized = noise(*size).resize((width, height), Image.Resampling.BILINEAR)
    canvas.paste(resized, (round((SIDE - width) / 2), round((SIDE - height) / 2)))
    np.testing.assert_array_equal(Preprocessing(SIDE, fit="pad")(noise(*size)), np.asarray(canvas))


@pytest.mark.parametrize("fit", FITS)
def test_a_square_photo_is_the_same_with_any_fit(fit: Fit):
    np.testing.assert_array_equal(Preprocessing(SIDE, fit=fit)(noise(50, 50)), Preprocessing(SIDE)(noise(50, 50)))


@pytest.mark.parametrize("size", [(1, 1_000_000), (1_000_000, 1)])
def test_a_million_pixels_in_a_row_are_padded_without_filling_the_memory(size: tuple[int, int]):
    square = Preprocessing(224, fit="pad")(Image.new("RGB", size, (10, 20, 30)))
    line = square[:, 112] if size[0] == 1 else square[112]
    assert (line == (10, 20, 30)).all()
    assert (square == 255).all(axis=-1).sum() == 224 * 223


def marked(size: tuple[int, int], place: tuple[float, float], radius: float) -> Image.Image:
    """Return a black photo with a white disc."""
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    disc = (x - place[0]) ** 2 + (y - place[1]) ** 2 <= radius**2
    return Image.fromarray(np.repeat((disc * 255).astype(np.uint8)[..., None], 3, axis=2))


def centre_of_light(square: NDArray[np.uint8], shown: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """Return the centre of what is bright, within the part of the input that shows the photo."""
    left, top, right, bottom = (round(edge) for edge in shown)
    light = square[top:bottom, left:right, 0].astype(np.float64)
    y, x = np.mgrid[top:bottom, left:right] + 0.5
    return np.array([(x * light).sum(), (y * light).sum()]) / light.sum()


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(900, 600), (600, 900), (640, 640), (1800, 300), (300, 1800)])
@pytest.mark.parametrize("file", ["array", "JPEG", "turned JPEG", "PNG"])
def test_a_mark_is_found_where_the_placement_says(fit: Fit, size: tuple[int, int], file: str):
    preprocessing = Preprocessing(SIDE, fit=fit)
    placement = preprocessing.placement(size)
    left, top, right, bottom = placement.seen
    place = left + 0.4 * (right - left), top + 0.6 * (bottom - top)  # no symmetry would hide a mistake
    image = marked(size, place, min(size) / 8)
    if file == "turned JPEG":
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6  # stored lying on its side: turned by 90 degrees to be seen
        source: bytes | Image.Image = encode(image.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    else:
        source = image if file == "array" else encode(image, file)
    found = placement.to_photo(centre_of_light(preprocessing.read(source), placement.shown))
    pixel = max(size if fit == "pad" else (min(size),)) / SIDE  # the photo's pixels in one of the input's
    assert np.abs(found - place).max() < 0.6 * pixel


@given(width=lengths, height=lengths, side=st.integers(1, 300), fit=st.sampled_from(FITS), data=st.data())
def test_points_go_there_and_back(width: int, height: int, side: int, fit: Fit, data: st.DataObject):
    placement = Preprocessing(side, fit=fit).placement((width, height))
    point = data.draw(st.tuples(st.floats(-50, 350), st.floats(-50, 350)))
    np.testing.assert_allclose(placement.to_photo(placement.to_input(point)), point, atol=1e-9)
    np.testing.assert_allclose(placement.to_input([(0, 0), (width, height)]).ravel(), placement.box, atol=1e-9)


@given(width=lengths, height=lengths, side=st.integers(1, 300))
def test_padding_shows_the_whole_photo_and_a_crop_fills_the_input(width: int, height: int, side: int):
    padded, cropped = (Preprocessing(side, fit=fit).placement((width, height)) for fit in ("pad", "crop"))
    np.testing.assert_allclose(padded.seen, (0, 0, width, height), atol=1e-9)
    left, top, right, bottom = padded.shown
    assert 0 <= left < right <= side
    assert 0 <= top < bottom <= side
    assert cropped.shown == (0, 0, side, side)


def test_a_padded_jpeg_is_reduced_by_its_longer_side():
    assert Preprocessing(100).decoded_size((4000, 1000)) == (300, 300)
    assert Preprocessing(100, fit="pad").decoded_size((4000, 1000)) == (300, 75)
    assert Preprocessing(100, None, fit="pad").decoded_size((4000, 1000)) == (4000, 1000)


def test_a_reduced_padded_jpeg_is_nearly_the_whole_one(tmp_path: Path):
    smooth = noise(12, 8).resize((2400, 1600), Image.Resampling.BICUBIC)
    reduced, whole = (Preprocessing(SIDE, gap, fit="pad").read(encode(smooth, "JPEG", quality=95)) for gap in (3, None))
    assert np.abs(reduced.astype(int) - whole).max() <= 6
    assert (reduced != whole).any()  # else nothing was reduced


def test_a_crop_is_written_as_before_and_files_of_before_are_crops():
    assert Preprocessing(8).to_json() == {"side": 8, "reducing_gap": 3}
    assert Preprocessing.from_json({"side": 8, "reducing_gap": 3}) == Preprocessing(8, fit="crop")
    padded = Preprocessing(8, fit="pad")
    assert Preprocessing.from_json(json.loads(json.dumps(padded.to_json()))) == padded
    assert padded.to_json()["fit"] == "pad"


def test_another_word_is_an_error():
    with pytest.raises(ValueError, match="fit is 'stretch'; expected crop or pad"):
        Preprocessing(8, fit="stretch")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"size is \(0, 5\); expected a width and height from 1"):
        Preprocessing(8).placement((0, 5))
