"""JPEG files that are reduced while they are decoded."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from fashionsdk.errors import ImageError
from fashionsdk.photos._source import open_image, open_photo
from fashionsdk.photos.limits import MAX_PIXELS
from tests.sdk.photos.photos import encode

EXACT: dict[str, Any] = {"quality": 100, "subsampling": 0}


def ramps(width: int, height: int) -> Image.Image:
    """Red grows to the right, green downwards: every place has its own colour."""
    red, green = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([red, green, np.full_like(red, 90)], axis=-1).astype(np.uint8))


def expected_scale(size: tuple[int, int], at_least: int) -> int:
    return max(scale for scale in (1, 2, 4, 8) if scale == 1 or min(size) / scale >= at_least)


lengths = st.integers(1, 200)


@given(width=lengths, height=lengths, at_least=st.integers(1, 60))
def test_shorter_side_keeps_what_was_asked_for_at_the_smallest_of_four_scales(width: int, height: int, at_least: int):
    photo = open_photo(encode(ramps(width, height), "JPEG", **EXACT), at_least=at_least)
    scale = expected_scale((width, height), at_least)
    assert photo.size == (width, height)
    assert photo.box == (0, 0, width / scale, height / scale)
    assert photo.image.size == (-(-width // scale), -(-height // scale))
    assert photo.image.mode == "RGB"
    assert min(photo.image.size) >= min(at_least, width, height)


def test_without_at_least_every_pixel_is_kept():
    data = encode(ramps(400, 300), "JPEG")
    assert open_photo(data).image.size == open_image(data).size == (400, 300)
    assert np.array_equal(np.asarray(open_photo(data).image), np.asarray(open_photo(data, at_least=151).image))


def test_reduced_pixel_is_the_mean_of_the_pixels_under_it():
    whole = ramps(403, 301)
    photo = open_photo(encode(whole, "JPEG", **EXACT), at_least=37)
    means = np.asarray(whole, np.float64)[:296, :400].reshape(37, 8, 50, 8, 3).mean(axis=(1, 3))
    assert np.abs(np.asarray(photo.image)[:37, :50] - means).max() <= 2  # levels; rounding and quantisation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_box_turns_with_the_photo(orientation: int):
    # 97 x 101 pixels become 13 x 13, of which the photo fills 12.125 x 12.625, in the corner where its rows begin.
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    photo = open_photo(encode(ramps(97, 101), "JPEG", exif=exif, **EXACT), at_least=12)
    width, height = 97 / 8, 101 / 8
    right, bottom = 13 - width, 13 - height
    expected = {
        1: (0, 0, width, height),
        2: (right, 0, 13, height),
        3: (right, bottom, 13, 13),
        4: (0, bottom, width, 13),
        5: (0, 0, height, width),
        6: (bottom, 0, 13, width),
        7: (bottom, right, 13, 13),
        8: (0, right, height, 13),
    }[orientation]
    assert photo.box == expected
    assert photo.size == ((97, 101) if orientation <= 4 else (101, 97))
    assert photo.image.size == (13, 13)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_kind_of_jpeg_comes_out_reduced_in_its_colours(mode: str, progressive: bool):
    colours: dict[str, int | tuple[int, ...]] = {"RGB": (200, 40, 90), "L": 120, "CMYK": (0, 255, 255, 0)}
    data = encode(Image.new(mode, (160, 240), colours[mode]), "JPEG", progressive=progressive)
    photo = open_photo(data, at_least=20)
    assert photo.image.size == (20, 30)
    assert np.abs(np.asarray(photo.image).astype(int) - np.asarray(open_image(data))[0, 0]).max() <= 2


def test_first_frame_of_a_camera_that_stores_several_is_reduced():
    frames = [Image.new("RGB", (160, 240), colour) for colour in ("red", "blue")]
    data = encode(frames[0], "MPO", save_all=True, append_images=frames[1:])
    photo = open_photo(data, at_least=20)
    assert photo.image.size == (20, 30)
    assert np.abs(np.asarray(photo.image).astype(int) - (255, 0, 0)).max() <= 3


@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_other_formats_keep_every_pixel(format: str):
    data = encode(ramps(160, 240), format)
    assert np.array_equal(np.asarray(open_photo(data, at_least=1).image), np.asarray(open_image(data)))


def test_pillow_image_and_array_keep_every_pixel_and_stay_as_they_were():
    source = Image.open(io.BytesIO(encode(ramps(160, 240), "JPEG")))
    assert open_photo(source, at_least=1).image.size == source.size == (160, 240)
    assert np.asarray(source).shape == (240, 160, 3)
    assert open_photo(np.asarray(source), at_least=1).image.size == (160, 240)


@pytest.mark.parametrize("progressive", [False, True])
def test_file_cut_short_is_an_error_at_every_scale(progressive: bool):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (160, 120, 3), dtype=np.uint8))
    data = encode(noise, "JPEG", progressive=progressive)
    for length in range(0, len(data) - 2, 97):  # without its last two bytes, a marker, the photo is whole
        for at_least in (15, 30, 60):
            with pytest.raises(ImageError):
                open_photo(data[:length], at_least=at_least)


def test_photo_too_large_is_refused_however_small_it_would_become():
    data = bytearray(encode(Image.new("RGB", (8, 8)), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = (20_000).to_bytes(2, "big") * 2  # height and width in the frame's header
    with pytest.raises(ImageError, match=f"has 20000 x 20000 pixels; expected 1 to {MAX_PIXELS}"):
        open_photo(bytes(data), at_least=1)


@pytest.mark.parametrize("at_least", [0, -1])
def test_fewer_than_one_pixel_is_refused(at_least: int):
    with pytest.raises(ValueError, match=f"at_least is {at_least}; expected 1 pixel or more"):
        open_photo(Path("photo.jpg"), at_least=at_least)


def test_first_jpeg_loads_no_reader_of_another_format():
    program = (
        "import io, sys; from PIL import Image, JpegImagePlugin; from fashionsdk.photos._source import open_image\n"
    )
    program += "open_image(sys.stdin.buffer.read()); print(*(name for name in sys.modules if 'ImagePlugin' in name))"
    data = encode(ramps(16, 16), "JPEG")
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert "PIL.JpegImagePlugin" in loaded
    assert not loaded & {"PIL.EpsImagePlugin", "PIL.PdfImagePlugin", "PIL.AvifImagePlugin"}
