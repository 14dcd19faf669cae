"""Where a photo lies in the model's input: what is painted at known pixels is found by mapping back."""

import io
import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from fashionsdk.errors import ImageError
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk.photos._source import open_image
from fashionsdk.photos.geometry import FITS, Cutout, Fit, Placement, Size
from tests.sdk.photos.photos import encode

INPUTS = [48, (64, 40), (40, 64)]
PHOTOS = [(400, 300), (300, 400), (350, 350), (1200, 90), (90, 1200), (30, 20)]
fits: st.SearchStrategy[Fit] = st.sampled_from(FITS)
lengths = st.integers(1, 3000)


# Reduced, enlarged and neither, up to a line; the light of one pixel is still seen where it is spread over 190 others.
EXACT = [(1, 4000), (4000, 1), (3, 4000), (4000, 2), (37, 41), (300, 200), (200, 90), (64, 64), (10, 7)]


def obvious(size: Size, into: Size, fit: Fit) -> tuple[Size, Size]:
    """Return the size that a photo is resized to and where it begins, by fractions."""
    scales = [Fraction(whole, length) for whole, length in zip(into, size, strict=True)]
    scale = max(scales) if fit == "crop" else min(scales)
    width, height = (max(math.floor(scale * length), 1) for length in size)
    return (width, height), (-round(Fraction(width - into[0], 2)), -round(Fraction(height - into[1], 2)))


def pixel_under(place: float, length: int, resized: int, begin: int) -> int:
    """Return the photo's pixel along one axis that lies under a place of the input."""
    return math.floor((Fraction(place) - begin) * length / resized)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("side", [64, (96, 40)])
@pytest.mark.parametrize("size", EXACT)
def test_marked_pixel_is_found_at_its_place_and_its_place_leads_back_to_it(fit: Fit, side: Any, size: Size):
    preprocessing = Preprocessing(side, None, fit, (0, 0, 0))
    into = preprocessing.width, preprocessing.height
    resized, begin = obvious(size, into, fit)
    placement = preprocessing.placement(size)
    assert (placement.resized, placement.offset) == (resized, begin)
    left, top, right, bottom = placement.visible
    for x, y in [(left, top), (right - 1, bottom - 1), ((left + right) // 2, (2 * top + bottom) // 3)]:
        pixel = tuple(pixel_under(*axis) for axis in zip((x + 0.5, y + 0.5), size, resized, begin, strict=True))
        image = Image.new("RGB", size)
        image.putpixel(list(pixel), (255, 255, 255))
        light = preprocessing(image).sum(axis=2, dtype=int)
        row, column = np.unravel_index(light.argmax(), light.shape)
        centre = np.array(pixel) + 0.5
        expected = centre * resized / size + begin
        np.testing.assert_allclose(placement.to_input(centre), expected, rtol=0, atol=1e-9)
        np.testing.assert_allclose(placement.to_photo(expected), centre, rtol=0, atol=1e-9)
        back = placement.to_photo([column + 0.5, row + 0.5])
        for axis, found in enumerate((column, row)):
            if resized[axis] < size[axis]:
                assert math.floor(expected[axis]) == found
            else:
                assert math.floor(back[axis]) == pixel[axis]


def marked(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    """Return a black photo with a white box."""
    image = Image.new("RGB", size)
    image.paste((255, 255, 255), box)
    return image


def mark_centre(pixels: np.ndarray, placement: Placement) -> np.ndarray:
    """Return the centre of the brightness within the visible part, in the photo's pixels."""
    left, top, right, bottom = placement.visible
    light = pixels[top:bottom, left:right].mean(axis=2)
    y, x = np.mgrid[top:bottom, left:right] + 0.5
    return placement.to_photo(np.array([(x * light).sum(), (y * light).sum()]) / light.sum())


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("side", INPUTS)
@pytest.mark.parametrize("size", PHOTOS)
def test_mark_is_found_where_it_was_painted(fit: Fit, side: Any, size: tuple[int, int]):
    preprocessing = Preprocessing(side, None, fit)
    left, top, right, bottom = preprocessing.placement(size).seen
    centre = np.array([left + 0.45 * (right - left), top + 0.55 * (bottom - top)])
    half = np.maximum(1, 0.12 * np.array([right - left, bottom - top])).round()
    low = np.maximum(np.round(centre - half), 0).astype(int)
    high = np.minimum(low + 2 * half, size).astype(int)
    pixels, placement = preprocessing.read_placed(marked(size, (*low.tolist(), *high.tolist())))
    pixel = np.array(size) / placement.resized  # of the input, in the photo's pixels
    assert (np.abs(mark_centre(pixels, placement) - (low + high) / 2) <= pixel).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fit", FITS)
def test_mark_is_found_in_a_turned_jpeg_that_is_reduced_while_decoded(orientation: int, fit: Fit):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = encode(marked((901, 640), (360, 220, 520, 330)), "JPEG", exif=exif)
    upright = np.asarray(open_image(data)).mean(axis=2) > 127
    expected = np.argwhere(upright).mean(axis=0)[::-1] + 0.5
    pixels, placement = Preprocessing((40, 28), 1, fit).read_placed(data)
    assert placement.part == (0, 0, upright.shape[1], upright.shape[0])
    pixel = np.array(upright.shape[::-1]) / placement.resized
    assert (np.abs(mark_centre(pixels, placement) - expected) <= pixel).all()


@settings(max_examples=60)
@given(fit=fits, width=lengths, height=lengths, input=st.tuples(st.integers(1, 300), st.integers(1, 300)))
def test_placement_keeps_its_promises_for_any_size(fit: Fit, width: int, height: int, input: tuple[int, int]):
    placement = Preprocessing(input, fit=fit).placement((width, height))
    down, across = input
    left, top, right, bottom = placement.visible
    assert 0 <= left < right <= across
    assert 0 <= top < bottom <= down
    if fit == "crop":
        assert placement.visible == (0, 0, across, down)
    else:
        assert placement.seen == (0, 0, width, height)
        assert abs(left - (across - right)) <= 1
        assert abs(top - (down - bottom)) <= 1
        assert right - left == across or bottom - top == down
    places = np.array([[0.0, 0.0], [width / 3, height / 7], [width, height]])
    np.testing.assert_allclose(placement.to_photo(placement.to_input(places)), places, atol=1e-6 * max(width, height))


def test_rectangle_is_the_centre_of_the_photo_that_covers_it():
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (100, 80, 3), dtype=np.uint8))
    whole = np.asarray(photo.resize((40, 50), Image.Resampling.BILINEAR))
    assert np.array_equal(Preprocessing((30, 40))(photo), whole[10:40])
    assert np.array_equal(Preprocessing((50, 20))(photo), whole[:, 10:30])


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("box", [(0, 0, 200, 150), (20, 30, 120, 140), (150, 3, 151, 149), (3, 149, 190, 150)])
def test_cutout_is_the_photo_cut_out_before_the_fit(fit: Fit, box: tuple[int, int, int, int]):
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (150, 200, 3), dtype=np.uint8))
    preprocessing = Preprocessing((40, 30), fit=fit)
    pixels, placement = preprocessing.read_placed(Cutout(photo, box))
    assert np.array_equal(pixels, preprocessing(photo.crop(box)))
    assert placement.part == box
    np.testing.assert_allclose(placement.to_input(np.array([*box[:2]])), placement.offset)


@pytest.mark.slow
def test_cutout_of_a_large_photo_is_the_same_in_strips():
    data = encode(Image.effect_noise((2400, 2200), 90).convert("RGBA"), "PNG", compress_level=1)
    box = (100, 50, 2350, 2150)
    expected = Preprocessing(64, fit="pad")(open_image(data).crop(box))
    assert np.array_equal(Preprocessing(64, fit="pad").read(Cutout(data, box)), expected)


def test_mark_in_a_cutout_of_a_reduced_turned_jpeg_is_found_in_the_photo():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    data = encode(marked((1600, 1200), (800, 500, 900, 560)), "JPEG", exif=exif)  # upright 640..700, 800..900
    pixels, placement = Preprocessing(32, 1, "pad").read_placed(Cutout(data, (400, 700, 900, 1100)))
    assert np.abs(mark_centre(pixels, placement) - (670, 850)).max() <= 500 / 32


def test_cutout_says_what_is_wrong_with_its_box():
    photo = Image.new("RGB", (100, 80))
    wrong: list[tuple[Any, str]] = [
        ((1, 2, 3), "four numbers"),
        ((float("nan"), 0, 1, 1), "left of the box is nan"),
        ((0, -1, 1, 1), "top of the box is -1"),
        ((5, 5, 5, 9), "left below right"),
        ((5, 5, 5.4, 9), "left below right"),
    ]
    for box, message in wrong:
        with pytest.raises(ValueError, match=message):
            Cutout(photo, box)
    with pytest.raises(ImageError, match="has 100 x 80 pixels; expected the box 0 0 101 80"):
        Preprocessing(8).read(Cutout(photo, (0, 0, 101, 80)))
    with pytest.raises(TypeError, match="is a Cutout"):
        Cutout(Cutout(photo, (0, 0, 1, 1)), (0, 0, 1, 1))


@pytest.mark.parametrize("preprocessing", [Preprocessing((64, 48)), Preprocessing(64, 2, "pad")])
def test_json_of_other_inputs_comes_back(preprocessing: Preprocessing):
    assert Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json()))) == preprocessing


def test_json_of_a_cropped_square_is_what_it_always_was():
    assert Preprocessing((64, 64)).to_json() == {"side": 64, "reducing_gap": 3}
    assert Preprocessing.from_json({"side": 64, "reducing_gap": 3}) == Preprocessing(64, 3, "crop")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"side": [64, 48, 3], "reducing_gap": 3}, "expected 2 items"),
        ({"side": [64, 0], "reducing_gap": 3}, "side is 0"),
        ({"side": [64, "48"], "reducing_gap": 3}, "expected int"),
        ({"side": 64, "reducing_gap": 3, "fit": "stretch"}, "expected one of 'crop', 'pad'"),
    ],
)
def test_json_of_no_input_is_refused(value: object, message: str):
    with pytest.raises(ValueError, match=message):
        Preprocessing.from_json(value)


def test_places_of_another_shape_and_photos_without_pixels_are_refused():
    placement = Preprocessing(8).placement((10, 20))
    with pytest.raises(ValueError, match=r"shape \(3,\); expected x and y"):
        placement.to_photo([1, 2, 3])
    with pytest.raises(ValueError, match=r"shape \(\); expected x and y"):
        placement.to_input(1.0)
    with pytest.raises(ValueError, match=r"size is \(0, 5\); expected a width and a height of 1 pixel or more"):
        Preprocessing(8).placement((0, 5))


def test_jpeg_keeps_the_gap_on_both_sides_of_a_padded_input():
    data = encode(marked((1600, 800), (0, 0, 800, 800)), "JPEG")
    reduced = Image.open(io.BytesIO(data))
    reduced.draft(None, (400, 200))
    assert np.array_equal(
        Preprocessing(100, 3, "pad").read(data), Preprocessing(100, None, "pad")(reduced.convert("RGB"))
    )
