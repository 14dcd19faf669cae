import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from fashionsdk.errors import ImageError
from fashionsdk.photos._source import open_image
from tests.sdk.photos.photos import encode, reason

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (24, 36, 3), dtype=np.uint8)
PHOTO = Image.fromarray(PIXELS)


@pytest.mark.parametrize("kind", ["str", "path", "bytes", "pillow", "array"])
def test_every_kind_of_source_gives_the_same_pixels(kind: str, tmp_path: Path):
    path = tmp_path / "photo.png"
    PHOTO.save(path)
    sources: dict[str, Any] = {
        "str": str(path),
        "path": path,
        "bytes": path.read_bytes(),
        "pillow": PHOTO,
        "array": PIXELS,
    }
    image = open_image(sources[kind])
    assert image.mode == "RGB"
    assert np.array_equal(np.asarray(image), PIXELS)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_turns_the_photo_upright(orientation: int, format: str):
    # What each orientation says of the stored rows and columns, from the EXIF standard.
    store = {
        1: PIXELS,
        2: PIXELS[:, ::-1],
        3: PIXELS[::-1, ::-1],
        4: PIXELS[::-1],
        5: PIXELS.transpose(1, 0, 2),
        6: np.rot90(PIXELS, 1),
        7: PIXELS[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(PIXELS, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    named: dict[str, dict[str, int]] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}
    options = named.get(format, {})
    image = open_image(encode(Image.fromarray(np.ascontiguousarray(store)), format, exif=exif, **options))
    difference = np.abs(np.asarray(image).astype(int) - PIXELS)
    assert difference.max() <= (6 if format == "JPEG" else 0)


def test_pillow_image_is_turned_upright_and_left_as_it_was():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    source = Image.open(io.BytesIO(encode(PHOTO, "PNG", exif=exif)))
    assert open_image(source).size == (24, 36)
    assert source.size == (36, 24)


def test_unreadable_exif_leaves_the_pixels_as_they_are_stored():
    assert open_image(encode(PHOTO, "PNG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff\xff")).size == PHOTO.size


def test_adobe_cmyk_jpeg_comes_out_in_its_colours():
    data = encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG")
    assert b"Adobe" in data  # Pillow writes the marker, and the inverted values that it announces
    assert np.abs(np.asarray(open_image(data)).astype(int) - (255, 0, 0)).max() <= 3


def test_cmyk_tiff_comes_out_in_its_colours():
    data = encode(Image.new("CMYK", (4, 4), (255, 0, 255, 0)), "TIFF")
    assert np.asarray(open_image(data))[0, 0].tolist() == [0, 255, 0]


@pytest.mark.parametrize("mode", ["I;16", "I"])
def test_sixteen_bit_grey_is_scaled_not_clipped(mode: str):
    values = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    image = Image.fromarray(values) if mode == "I;16" else Image.fromarray(values.astype(np.int32))
    expected = np.arange(256).reshape(16, 16)
    assert np.array_equal(np.asarray(open_image(image))[..., 0], expected)
    assert np.array_equal(np.asarray(open_image(encode(image, "PNG" if mode == "I;16" else "TIFF")))[..., 1], expected)


@pytest.mark.parametrize("full", [1, 255, 65535])
def test_float_grey_is_scaled_from_the_range_it_fits(full: int):
    values = np.linspace(0, full, 256, dtype=np.float32).reshape(16, 16)
    got = np.asarray(open_image(encode(Image.fromarray(values), "TIFF")))
    assert np.array_equal(got[..., 2], np.arange(256).reshape(16, 16))


@pytest.mark.parametrize("bad", [-1.0, 70000.0, np.nan, np.inf])
def test_float_grey_of_no_known_range_is_refused(bad: float):
    values = np.full((4, 4), bad, np.float32)
    assert "has grey values from" in reason(encode(Image.fromarray(values), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_composited_on_white(mode: str):
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 128))
    got = np.asarray(open_image(image.convert(mode)))
    assert got[0, 0].tolist() == [255, 255, 255]
    assert got[0, 1].tolist() == [127, 127, 127]


@pytest.mark.parametrize("transparency", [1, bytes([255, 0])])
def test_transparent_palette_entry_becomes_white(transparency: int | bytes):
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 200, 0])
    image.putpixel((1, 0), 1)
    got = np.asarray(open_image(encode(image, "PNG", transparency=transparency)))
    assert got.tolist() == [[[200, 0, 0], [255, 255, 255]]]


def test_transparent_colour_of_an_rgb_png_becomes_white():
    image = Image.new("RGB", (2, 1), (1, 2, 3))
    image.putpixel((1, 0), (9, 9, 9))
    got = np.asarray(open_image(encode(image, "PNG", transparency=(1, 2, 3))))
    assert got.tolist() == [[[255, 255, 255], [9, 9, 9]]]


def test_one_bit_image_is_black_and_white():
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)
    assert np.asarray(open_image(encode(image, "PNG"))).tolist() == [[[0, 0, 0], [255, 255, 255]]]


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_first_frame_stands_for_an_animation(format: str):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    options = {"lossless": True} if format == "WEBP" else {}
    data = encode(frames[0], format, save_all=True, append_images=frames[1:], **options)
    assert np.asarray(open_image(data))[4, 4].tolist() == [255, 0, 0]


def test_image_that_is_large_but_allowed_is_read():
    assert open_image(encode(Image.new("1", (8000, 8000)), "PNG")).size == (8000, 8000)


def test_zero_byte_file_is_refused(tmp_path: Path):
    path = tmp_path / "empty.jpg"
    path.touch()
    assert reason(path) == "is empty"
    assert reason(b"") == "is empty"


def test_missing_file_and_folder_are_refused_by_name(tmp_path: Path):
    with pytest.raises(ImageError, match=r"none\.jpg: no such file or directory"):
        open_image(tmp_path / "none.jpg")
    assert reason(str(tmp_path)) == "is a folder"
    assert "null" in reason("photo\0.jpg")


def test_pipe_is_refused_rather_than_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert reason(tmp_path / "pipe") == "is not a regular file"


@contextmanager
def without_privileges() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_file_without_permission_is_refused(tmp_path: Path):
    path = tmp_path / "secret.png"
    PHOTO.save(path)
    path.chmod(0)
    with without_privileges():
        assert reason(path) == "permission denied"


def test_closed_pillow_image_is_an_image_error(tmp_path: Path):
    PHOTO.save(tmp_path / "photo.png")
    with Image.open(tmp_path / "photo.png") as image:
        pass
    assert reason(image)


def test_grey_and_rgba_arrays_are_converted():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(np.asarray(open_image(grey)), np.dstack([grey] * 3))
    clear = np.zeros((3, 4, 4), np.uint8)
    assert (np.asarray(open_image(clear)) == 255).all()


def test_strided_array_gives_the_pixels_it_shows():
    assert np.array_equal(np.asarray(open_image(PIXELS[::-1, ::2])), PIXELS[::-1, ::2])


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
def test_array_of_another_type_is_a_type_error(dtype: type):
    with pytest.raises(TypeError, match="expected uint8"):
        open_image(np.zeros((4, 4, 3), dtype))


@pytest.mark.parametrize("shape", [(4,), (4, 4, 1), (4, 4, 2), (3, 4, 4, 3), (0, 4, 3), (3, 4, 5)])
def test_array_of_another_shape_is_a_value_error(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"expected \(H, W, 3\)"):
        open_image(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("source", [None, 3, ["photo.jpg"], io.BytesIO()])
def test_anything_else_is_a_type_error(source: object):
    with pytest.raises(TypeError, match="expected a path"):
        open_image(source)  # type: ignore[arg-type]
