"""Large photos are converted and turned a strip at a time: bit for bit what the whole gives."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from fashionsdk.photos import Preprocessing, _modes, _read_image, _strips
from fashionsdk.photos._source import open_image
from tests.sdk.photos.photos import encode

RGB = Image.fromarray(np.random.default_rng(3).integers(0, 256, (13, 21, 3), dtype=np.uint8)).resize((330, 210))
WIDE = RGB.resize((700, 90))


def turned(turn: int) -> dict[str, Any]:
    exif = Image.Exif()
    exif[0x0112] = turn
    return {"exif": exif}


def photos() -> dict[str, bytes]:
    rgba, palette = RGB.copy(), RGB.quantize(64)
    rgba.putalpha(RGB.convert("L"))
    small_frame = bytearray(encode(palette, "GIF"))
    small_frame[6:10] = (400).to_bytes(2, "little") + (300).to_bytes(2, "little")
    grey16 = Image.fromarray(np.asarray(RGB.convert("L")).astype(np.uint16) * 257)
    made = {
        "alpha": encode(rgba, "PNG"),
        "alpha, turned": encode(rgba, "PNG", **turned(6)),
        "palette": encode(palette, "PNG", transparency=3),
        "grey of 16 bits": encode(grey16, "PNG"),
        "grey of 16 bits, a value is transparent": encode(grey16, "PNG", transparency=int(np.asarray(grey16)[9, 9])),
        "GIF": encode(palette, "GIF", transparency=3),
        "GIF whose frame is smaller": bytes(small_frame),
        "CMYK": encode(RGB.convert("CMYK"), "JPEG"),
        "wide": encode(WIDE, "JPEG", **turned(8)),
        "WebP": encode(rgba, "WEBP", lossless=True),
    }
    for turn in range(1, 9):
        made[f"JPEG {turn}"] = encode(RGB, "JPEG", **turned(turn))
        made[f"TIFF {turn}"] = encode(RGB, "TIFF", **turned(turn))
    return made


PHOTOS = photos()


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(("side", "gap"), [(32, 3), (50, None), (210, 3)])
def test_strips_give_the_pixels_of_the_whole(name: str, side: int, gap: int | None, monkeypatch: pytest.MonkeyPatch):
    data, preprocessing = PHOTOS[name], Preprocessing(side, gap)
    square, image = preprocessing.read(data), np.asarray(open_image(data))
    for module in (_modes, _strips):
        monkeypatch.setattr(module, "STRIP", 5000)
    monkeypatch.setattr(_read_image, "STRIPS_FROM", 0)
    np.testing.assert_array_equal(preprocessing.read(data), square)
    np.testing.assert_array_equal(np.asarray(open_image(data)), image)
