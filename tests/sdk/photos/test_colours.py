"""Photos whose profile says that they are not in sRGB are converted, and no others."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from fashionsdk.photos import Preprocessing, _colours, open_image
from fashionsdk.photos import _preprocessing as preprocessing
from tests.sdk.photos import profiles
from tests.sdk.photos.photos import encode

WIDE = ["Display P3", "Adobe RGB", "ProPhoto"]
LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "TIFF": {"compression": "tiff_lzw"},
    "WEBP": {"lossless": True},
    "JPEG": {"quality": 100, "subsampling": 0},
}
ROUNDING = 2  # levels: of 8-bit values and of the tables that the library computes with
JPEG = 6  # levels: of the format itself, before the conversion stretches them


def smooth(side: int = 48) -> Image.Image:
    """A picture of all colours, without edges."""
    ramp = np.linspace(0, 255, side)
    red, green = np.meshgrid(ramp, ramp)
    return Image.fromarray(np.stack([red, green, (red + green) / 2], axis=-1).round().astype(np.uint8))


def converted(image: Image.Image, space: str) -> np.ndarray:
    """Return an image's colours in sRGB, by the formulas alone."""
    encoded = np.asarray(image) / 255
    exponent = profiles.SPACES[space][1]
    if exponent is None:
        linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    else:
        linear = encoded**exponent
    linear = np.clip(linear @ (np.linalg.inv(profiles.matrix("sRGB")) @ profiles.matrix(space)).T, 0, 1)
    return np.asarray(np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255)


def difference(first: Any, second: Any) -> float:
    return float(np.abs(np.asarray(first).astype(float) - np.asarray(second)).max())


@pytest.mark.parametrize("space", WIDE)
@pytest.mark.parametrize("format", LOSSLESS)
def test_a_wide_gamut_photo_comes_out_in_srgb(space: str, format: str):
    data = encode(smooth(), format, icc_profile=profiles.rgb(space), **LOSSLESS[format])
    expected = converted(smooth(), space)
    assert difference(smooth(), expected) > 40
    got = np.asarray(open_image(data)).astype(float)
    if format == "JPEG":
        assert np.abs(got - expected).mean() < ROUNDING
    else:
        assert difference(got, expected) <= ROUNDING


def test_a_pillow_image_is_converted_and_left_as_it_was():
    image = Image.open(io.BytesIO(encode(smooth(), "PNG", icc_profile=profiles.rgb("ProPhoto"))))
    once = open_image(image)
    assert difference(once, converted(smooth(), "ProPhoto")) <= ROUNDING
    assert difference(image, smooth()) == 0
    assert difference(open_image(once), once) == 0  # in sRGB, it stays


@pytest.mark.parametrize("space", WIDE)
def test_a_model_sees_one_photo_in_whatever_colours_it_is_stored(space: str):
    dull = Image.fromarray((np.asarray(smooth(96)) // 3 + 80).astype(np.uint8))  # within the gamut of all
    srgb, other = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profiles.rgb(space)))
    stored = ImageCms.profileToProfile(dull, srgb, other)
    assert stored is not None
    assert difference(stored, dull) > 8
    read = Preprocessing(32).read
    assert difference(read(encode(stored, "PNG")), read(encode(dull, "PNG"))) <= ROUNDING


@pytest.mark.parametrize(
    "profile",
    [None, profiles.rgb("sRGB"), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()],
    ids=["no profile", "sRGB", "LittleCMS, which writes the time into it"],
)
def test_a_photo_in_srgb_keeps_its_values(profile: bytes | None):
    data = encode(smooth(), "PNG", icc_profile=profile)
    assert difference(open_image(data), smooth()) == 0
    assert _colours.conversion(Image.open(io.BytesIO(data))) is None


@pytest.mark.parametrize(
    "profile",
    [
        b"",
        b"no profile",
        bytes(500),
        profiles.rgb("ProPhoto")[:300],
        profiles.rgb("ProPhoto")[:128],
        profiles.rgb("ProPhoto").replace(b"rTRC", b"xxxx"),
        profiles.grey(1.0),  # of another kind of values than the pixels
        profiles.cmyk([100, 0]),
        profiles.rgb("ProPhoto").replace(b"mntr", b"abst"),
        profiles.rgb("ProPhoto") + bytes(_colours.MOST_BYTES),
    ],
    ids=range(10),
)
def test_a_profile_that_cannot_be_understood_is_ignored(profile: bytes):
    image = smooth()
    image.info["icc_profile"] = profile
    assert difference(open_image(image), smooth()) == 0


def test_grey_is_converted_by_its_curve():
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    got = np.asarray(open_image(encode(ramp, "PNG", icc_profile=profiles.grey(1.0))))
    linear = np.arange(256).reshape(16, 16, 1) / 255
    expected = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert difference(got, np.repeat(expected, 3, axis=-1)) <= ROUNDING
    clear = Image.merge("LA", (ramp, ramp.point(lambda _: 255)))
    assert difference(open_image(encode(clear, "PNG", icc_profile=profiles.grey(1.0))), got) == 0


def test_cmyk_is_converted_by_its_profile():
    profile = profiles.cmyk([100, 0])
    ink = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    ink.paste((0, 255, 0, 128), (4, 0, 8, 8))
    got = np.asarray(open_image(encode(ink, "TIFF", icc_profile=profile))).astype(int)
    assert np.abs(got[0, 0] - 255).max() <= ROUNDING  # no black ink is white here, whatever the cyan
    assert np.abs(got[0, 7] - 119).max() <= ROUNDING  # CIE lightness 50 is 119 in sRGB
    assert Preprocessing(4).read(encode(ink, "TIFF", icc_profile=profile)).shape == (4, 4, 3)
    assert np.asarray(open_image(encode(ink, "TIFF")))[0, 0].tolist() == [0, 255, 255]


def test_a_large_photo_is_converted_after_it_is_resized(monkeypatch: pytest.MonkeyPatch):
    dull = Image.fromarray(
        (np.asarray(smooth(192)) // 6 + 110).astype(np.uint8)
    )  # at the gamut's edge the order counts
    photos = [
        encode(dull, "PNG", icc_profile=profiles.rgb("Adobe RGB")),
        encode(dull.convert("L"), "PNG", icc_profile=profiles.grey(1.8)),
        encode(Image.new("CMYK", (90, 80), (0, 0, 0, 128)), "TIFF", icc_profile=profiles.cmyk([100, 0])),
    ]
    before = [Preprocessing(32).read(photo) for photo in photos]
    monkeypatch.setattr(preprocessing, "CONVERTED_FIRST", 100)
    after = [Preprocessing(32).read(photo) for photo in photos]
    assert not np.array_equal(before[0], after[0])
    assert all(difference(*pair) <= ROUNDING for pair in zip(before, after, strict=True))
    assert difference(after[0], Preprocessing(32)(dull)) > 5


def test_a_reduced_photo_is_turned_and_converted():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode(smooth(400), "JPEG", quality=95, icc_profile=profiles.rgb("Display P3"), exif=exif)
    got = Preprocessing(16).read(data).astype(int)
    whole = Preprocessing(16)(open_image(data)).astype(int)
    assert np.abs(got - whole).mean() < 1
    upright = Image.fromarray(converted(smooth(400), "Display P3").round().astype(np.uint8)).rotate(270, expand=True)
    assert np.abs(got - Preprocessing(16)(upright)).mean() < ROUNDING


def test_threads_share_a_conversion_and_profiles_are_forgotten_in_time():
    photos = [encode(smooth(), "PNG", icc_profile=profiles.rgb(space)) for space in WIDE]
    expected = [np.asarray(open_image(photo)) for photo in photos]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(open_image, photos * 20))
    assert all(np.array_equal(np.asarray(image), expected[i % len(WIDE)]) for i, image in enumerate(got))
    image = smooth()
    for number in range(100):
        image.info["icc_profile"] = profiles.rgb("ProPhoto") + bytes([number])
        _colours.conversion(image)
    assert len(_colours._conversions) < 100
