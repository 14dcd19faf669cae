"""``fit="pad"``: the whole photo in its own proportions, on one colour."""

import io
import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms

from fashionsdk.photos import (
    PADDING,
    Preprocessing,
    _modes,
    _preprocessing,
    _read_image,
    _strips,
    open_image,
    open_photo,
)
from tests.sdk.photos.photos import encode


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def soft(width: int, height: int) -> Image.Image:
    return noise(9, 12).resize((width, height), Image.Resampling.BICUBIC)


def pillow_answer(image: Image.Image, down: int, across: int, padding: tuple[int, int, int]) -> np.ndarray:
    scale = min(Fraction(across, image.width), Fraction(down, image.height))
    width, height = (max(math.floor(scale * length), 1) for length in image.size)
    canvas = Image.new("RGB", (across, down), padding)
    place = round(Fraction(across - width, 2)), round(Fraction(down - height, 2))
    canvas.paste(image.resize((width, height), Image.Resampling.BILINEAR), place)
    return np.asarray(canvas)


lengths = st.integers(1, 200)
sides = st.integers(1, 64)


@given(width=lengths, height=lengths, down=sides, across=sides, seed=st.integers(0, 99))
def test_equals_pillows_resize_and_paste(width: int, height: int, down: int, across: int, seed: int):
    image = noise(width, height, seed)
    got = Preprocessing((down, across), fit="pad")(image)
    assert got.flags.c_contiguous
    assert got.flags.writeable
    np.testing.assert_array_equal(got, pillow_answer(image, down, across, PADDING))
    grey = Preprocessing((down, across), fit="pad", padding=(90, 100, 110))
    np.testing.assert_array_equal(grey.read(encode(image, "PNG")), pillow_answer(image, down, across, (90, 100, 110)))


@given(length=lengths, side=st.integers(1, 64))
def test_square_is_the_same_cropped_and_padded(length: int, side: int):
    image = noise(length, length)
    np.testing.assert_array_equal(Preprocessing(side, fit="pad")(image), Preprocessing(side)(image))


def test_answer_is_not_shared_with_the_image():
    image = noise(32, 32)
    before = np.array(image)
    Preprocessing(32, fit="pad")(image)[:] = 0
    np.testing.assert_array_equal(np.asarray(image), before)


@pytest.mark.parametrize("size", [(1, 10_000), (10_000, 1), (3, 10_000), (1, 2_000_000), (2_000_000, 1)])
def test_line_stays_a_pixel_thick_and_is_seen_from_end_to_end(size: tuple[int, int]):
    image = Image.new("RGB", size, (10, 20, 30))
    begin = (0, size[1] // 2) if size[0] < size[1] else (size[0] // 2, 0)
    image.paste((200, 100, 50), (*begin, *size))
    got = Preprocessing(224, fit="pad")(image)
    line = got[:, 112] if size[0] < size[1] else got[112]
    thin = (got != PADDING).any(axis=2).sum(axis=1 if size[0] < size[1] else 0)
    assert (thin == 1).all()
    assert (line[:111] == (10, 20, 30)).all()
    assert (line[113:] == (200, 100, 50)).all()


# Levels. Of a few rows, the last that is decoded may be half outside the photo: 16 measured with strong colours.
READ_ATOL, FEW_ROWS_ATOL = 6, 20


@pytest.mark.parametrize(
    ("size", "most"),
    [((20_000, 2), 0), ((3, 20_000), 0), ((30_000, 25), FEW_ROWS_ATOL), ((300, 30_000), READ_ATOL)],
)
def test_extreme_jpeg_reduced_while_decoding_is_nearly_what_all_its_pixels_give(size: tuple[int, int], most: int):
    data = encode(soft(*size), "JPEG", quality=95, subsampling=0)
    preprocessing = Preprocessing(64, fit="pad")
    difference = preprocessing.read(data).astype(int) - preprocessing(open_image(data))
    assert np.abs(difference).max() <= most


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(("gap", "kept"), [(1, 125), (2, 250), (3, 250), (4, 500), (8, 1000), (99, 1000), (None, 1000)])
def test_jpeg_is_decoded_at_the_smallest_size_whose_longer_side_keeps_the_gap(gap: int | None, kept: int, swap: bool):
    size = (800, 1000) if swap else (1000, 800)
    data = encode(soft(*size), "JPEG")
    reduced = Image.open(io.BytesIO(data))
    reduced.draft(None, (size[0] * kept // 1000, size[1] * kept // 1000))
    assert max(reduced.size) == kept
    got = Preprocessing(80, gap, fit="pad").read(data)
    np.testing.assert_array_equal(got, Preprocessing(80, None, fit="pad")(reduced.copy()))


@given(width=lengths, height=lengths, across=st.integers(1, 60), down=st.integers(1, 60))
def test_each_side_keeps_what_was_asked_for(width: int, height: int, across: int, down: int):
    asked = []

    def keep(size: tuple[int, int]) -> tuple[int, int]:
        asked.append(size)
        return across, down

    photo = open_photo(encode(noise(width, height), "JPEG"), at_least=keep)
    scale = max(scale for scale in (1, 2, 4, 8) if scale == 1 or (width >= across * scale and height >= down * scale))
    assert asked == [(width, height)]
    assert photo.size == (width, height)
    assert photo.box == (0, 0, width / scale, height / scale)


def test_decoded_size_is_the_gap_times_what_stays():
    assert Preprocessing(64).decoded_size((4000, 1000)) == (768, 192)
    assert Preprocessing(64, fit="pad").decoded_size((4000, 1000)) == (192, 48)
    assert Preprocessing(64, fit="pad").decoded_size((1, 1000)) == (3, 192)  # a side stays 1 pixel at least
    assert Preprocessing((30, 40), 2).decoded_size((400, 400)) == (80, 80)
    assert Preprocessing(64, None, fit="pad").decoded_size((10, 10)) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fit": "stretch"}, "fit is 'stretch'; expected crop or pad"),
        (
            {"fit": "pad", "padding": (0, 0, 256)},
            r"padding is \(0, 0, 256\); expected red, green and blue, each 0 to 255",
        ),
        ({"fit": "pad", "padding": (0, 0)}, r"padding is \(0, 0\); expected red"),
    ],
)
def test_what_is_no_fit_and_no_colour_is_refused(settings: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        Preprocessing(8, **settings)


def test_the_colour_is_recorded_wherever_it_was_used():
    assert Preprocessing(8, fit="pad").to_json() == {"side": 8, "reducing_gap": 3, "fit": "pad", "padding": [255] * 3}
    grey = Preprocessing((8, 6), fit="pad", padding=(1, 2, 3))
    assert Preprocessing.from_json(json.loads(json.dumps(grey.to_json()))) == grey
    assert replace(grey, fit="crop") == Preprocessing((8, 6))
    assert Preprocessing(8, padding=(1, 2, 3)).to_json() == {"side": 8, "reducing_gap": 3}


def test_what_padded_before_the_colour_was_recorded_padded_with_white(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_preprocessing, "PADDING", (127, 127, 127))
    assert Preprocessing(8, fit="pad").padding == (127, 127, 127)
    old = Preprocessing.from_json({"side": 8, "reducing_gap": 3, "fit": "pad"})
    assert old.padding == (255, 255, 255)
    assert Preprocessing.from_json({"side": 8, "reducing_gap": 3}) == Preprocessing(8)


def turned(turn: int) -> dict[str, Any]:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    return {"exif": exif}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF"])
@pytest.mark.parametrize("turn", [1, 3, 6])
@pytest.mark.parametrize("size", [(330, 210), (90, 700), (2, 900)])
def test_strips_give_the_pixels_of_the_whole(
    format: str, turn: int, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
):
    data = encode(soft(*size), format, **({} if format == "GIF" else turned(turn)))
    preprocessing = Preprocessing(40, fit="pad")
    square = preprocessing.read(data)
    for module in (_modes, _strips):
        monkeypatch.setattr(module, "STRIP", 5000)
    monkeypatch.setattr(_read_image, "STRIPS_FROM", 0)
    difference = np.abs(preprocessing.read(data).astype(int) - square)
    assert difference.max() <= (1 if max(size) > 2 * min(size) else 0)  # where Pillow may take columns first


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_profile_converts_the_photo_and_leaves_the_padding_white(mode: str, monkeypatch: pytest.MonkeyPatch):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(soft(40, 90).convert(mode), "PNG", icc_profile=profile)
    preprocessing = Preprocessing(32, fit="pad")
    before = preprocessing.read(data)
    monkeypatch.setattr("fashionsdk.photos._preprocessing.CONVERTED_FIRST", 0)  # as a large photo: after the resize
    after = preprocessing.read(data)
    left, top, right, bottom = preprocessing.placement((40, 90)).visible
    for square in (before, after):
        padding = np.ones((32, 32), np.bool_)
        padding[top:bottom, left:right] = False
        assert (square[padding] == PADDING).all()
    assert np.abs(before.astype(int) - after).max() <= 2
