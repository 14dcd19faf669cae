"""Damaged photos of every format that the SDK reads, and of a few that it does not."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from damaged import bytes_damage
from fashionsdk import ImageError, Preprocessing
from fashionsdk_training.garments import draw

SIDE = 160
PNG_MARK = b"\x89PNG\r\n\x1a\n"


class Photos:
    """Photos as bytes, read as every user's photo is."""

    refusals: tuple[type[Exception], ...] = (ImageError,)

    def __init__(self, folder: Path, seed: int) -> None:
        self._seed, self._preprocessing = seed, Preprocessing(SIDE)
        self._valid = valid_photos()
        self._all = b"".join(data for _, data in self._valid)

    def damaged(self, index: int) -> tuple[str, bytes]:
        """Return photo ``index``: the formats take turns."""
        name, data = self._valid[index % len(self._valid)]
        rng = np.random.default_rng([self._seed, index])
        changed, form = bytes_damage.damage(data, rng, self._all), name.partition(" ")[0]
        if form == "PNG" and rng.random() < 0.5:
            return "PNG, signed", with_checksums(changed)
        return form, changed

    def read(self, content: bytes) -> None:
        """Read the photo to the model's input."""
        square = self._preprocessing.read(content)
        assert square.shape == (SIDE, SIDE, 3), square.shape
        assert square.dtype == np.uint8, square.dtype


def valid_photos() -> list[tuple[str, bytes]]:
    """Return one photo of each way to store one: the format with its variant, and the file's bytes."""
    rgb = draw(0, seed=5, side=200).image
    rgba = rgb.copy()
    rgba.putalpha(rgb.convert("L"))
    grey, palette = rgb.convert("L"), rgb.quantize(64)
    grey16 = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)]}
    return [
        _save("JPEG", rgb, quality=90, exif=exif),
        _save("JPEG progressive", rgb, progressive=True),
        _save("JPEG grey", grey),
        _save("JPEG CMYK", rgb.convert("CMYK")),
        _save("PNG", rgb),
        _save("PNG alpha", rgba),
        _save("PNG palette", palette, transparency=3),
        _save("PNG 16-bit", grey16),
        _save("WEBP", rgb, quality=80),
        _save("WEBP lossless", rgba, lossless=True),
        _save("WEBP animated", rgb, **frames),
        _save("GIF", palette, transparency=3),
        _save("GIF animated", rgb, **frames),
        _save("AVIF", rgb),
        _save("BMP", rgb),
        _save("BMP alpha", rgba),
        _save("TIFF", rgb),
        _save("TIFF packed", rgba, compression="tiff_lzw"),
        _save("TIFF 16-bit", grey16),
        _save("PPM", rgb),
        _save("PPM grey", grey),
        _save("TGA", rgb),
        _save("PDF", rgb),
    ]


def with_checksums(png: bytes) -> bytes:
    """Return a PNG file whose chunks' checksums fit, as far as its chunks can be told apart."""
    start, parts = len(PNG_MARK), [png[: len(PNG_MARK)]]
    while start + 12 <= len(png):
        (length,) = struct.unpack(">I", png[start : start + 4])
        content = png[start + 4 : start + 8 + length]
        parts.append(png[start : start + 4] + content + struct.pack(">I", zlib.crc32(content)))
        start += 12 + length
    return b"".join(parts)


def _save(name: str, image: Image.Image, **options: object) -> tuple[str, bytes]:
    file = io.BytesIO()
    image.save(file, name.partition(" ")[0], **options)
    return name, file.getvalue()
