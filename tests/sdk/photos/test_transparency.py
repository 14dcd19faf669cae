"""Transparency is white in every format, whatever its bits."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fashionsdk.photos import _modes as modes
from fashionsdk.photos import open_image
from tests.sdk.photos.photos import encode, reason

WHITE = [255, 255, 255]
GREY, COLOURED = 0, 2  # PNG's colour types
MASKS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
RAW, BITFIELDS = 0, 3


def pixels(source: bytes | Image.Image) -> list[list[list[int]]]:
    answer: list[list[list[int]]] = np.asarray(open_image(source)).tolist()
    return answer


def png(colour: int, bits: int, row: bytes, key: bytes = b"") -> bytes:
    """A PNG file of two pixels, with a transparent value."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 2, 1, bits, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", head), chunk(b"tRNS", key) if key else b"", chunk(b"IDAT", zlib.compress(b"\0" + row))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


@pytest.mark.parametrize("grey", [0, 1, 100, 254, 255])
def test_transparent_grey_of_16_bits_is_white_as_with_8(grey: int):
    other = grey - 7 if grey > 128 else grey + 7
    wide = png(GREY, 16, struct.pack(">2H", grey * 257, other * 257), struct.pack(">H", grey * 257))
    narrow = png(GREY, 8, bytes([grey, other]), struct.pack(">H", grey))
    assert pixels(wide) == pixels(narrow) == [[WHITE, [other] * 3]]


@pytest.mark.parametrize("colour", [(0, 0, 0), (1, 2, 3), (255, 0, 128)])
def test_transparent_colour_of_16_bits_is_white_as_with_8(colour: tuple[int, int, int]):
    other = [9, 99, 199]
    wide = [value * 257 for value in (*colour, *other)]
    key = struct.pack(">3H", *wide[:3])
    expected = [[WHITE, other]]
    assert pixels(png(COLOURED, 16, struct.pack(">6H", *wide), key)) == expected
    assert pixels(png(COLOURED, 8, bytes([*colour, *other]), struct.pack(">3H", *colour))) == expected


@pytest.mark.parametrize(("bits", "most"), [(1, 1), (2, 3), (4, 15)])
def test_transparent_grey_of_few_bits_is_white(bits: int, most: int):
    for key in range(most + 1):
        other = (key + 1) % (most + 1)
        row = bytes([(key << (8 - bits)) | (other << (8 - 2 * bits))])
        grey = other * 255 // most
        assert pixels(png(GREY, bits, row, struct.pack(">H", key))) == [[WHITE, [grey] * 3]], key


def test_a_pillow_image_with_a_transparent_colour_is_left_as_it_was():
    image = Image.open(
        io.BytesIO(png(COLOURED, 16, struct.pack(">6H", *range(1000, 7000, 1000)), b"\3\xe8\7\xd0\x0b\xb8"))
    )
    assert pixels(image)[0][0] == WHITE
    assert image.info["transparency"] == (1000, 2000, 3000)
    assert pixels(image)[0][0] == WHITE  # once it is loaded, too


def gif(left: int, top: int, *, transparent: bool = False) -> bytes:
    """An 8 x 8 GIF whose only frame is a 4 x 4 square of the palette's second colour; the first is red."""
    square = encode(Image.new("P", (4, 4), 1), "GIF", palette=bytes([200, 0, 0, 0, 200, 0]))
    frame = square.index(b",\0\0\0\0\4\0\4\0")
    place = struct.pack("<4H", left, top, 4, 4)
    head = square[:6] + struct.pack("<2H", 8, 8) + square[10:frame]
    control = b"!\xf9\4\1\0\0\0\0" if transparent else b""  # the first colour is transparent
    return head + control + b"," + place + square[frame + 9 :]


@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize(("left", "top"), [(0, 0), (4, 4), (2, 3)])
def test_a_gif_is_white_where_its_first_frame_is_not(left: int, top: int, transparent: bool):
    expected = np.full((8, 8, 3), 255)
    expected[top : top + 4, left : left + 4] = 0, 200, 0
    data = gif(left, top, transparent=transparent)
    assert np.array_equal(np.asarray(open_image(data)), expected)
    assert np.array_equal(np.asarray(open_image(Image.open(io.BytesIO(data)))), expected)


def bmp(head: int, compression: int, data: bytes, *, bits: int = 32, masks: tuple[int, ...] = ()) -> bytes:
    """A BMP file of 2 x 1 pixels."""
    info = struct.pack("<IiiHHIIiiII", head, 2, 1, 1, bits, compression, len(data), 0, 0, 0, 0)
    info = (info + struct.pack(f"<{len(masks)}I", *masks)).ljust(head, b"\0")
    return b"BM" + struct.pack("<IHHI", 14 + len(info) + len(data), 0, 0, 14 + len(info)) + info + data


@pytest.mark.parametrize(
    ("head", "compression", "masks"),
    [
        (56, BITFIELDS, MASKS),
        (108, BITFIELDS, MASKS),
        (124, BITFIELDS, MASKS),
        (40, BITFIELDS, MASKS[:3]),
        (52, BITFIELDS, MASKS[:3]),
        (40, RAW, ()),
        (124, RAW, MASKS),
    ],
)
def test_alpha_of_a_bitmap_is_composited_on_white(head: int, compression: int, masks: tuple[int, ...]):
    data = struct.pack("<2I", 0x00112233, 0x80000000)
    assert pixels(bmp(head, compression, data, masks=masks)) == [[WHITE, [127] * 3]]


@pytest.mark.parametrize("masks", [(), (*MASKS[:3], 0)])
def test_unused_bits_of_a_bitmap_are_no_alpha(masks: tuple[int, ...]):
    """None is set, or the head says that there is no alpha."""
    data = struct.pack("<2I", 0x00112233, 0x80445566 if masks else 0x00445566)
    got = pixels(bmp(124, BITFIELDS, data, masks=masks) if masks else bmp(40, RAW, data))
    assert got == [[[0x11, 0x22, 0x33], [0x44, 0x55, 0x66]]]


def test_alpha_of_one_bit_is_read_if_the_bitmap_says_so():
    data = struct.pack("<2H", 0x001F, 0x801F)
    masks = (0x7C00, 0x3E0, 0x1F, 0x8000)
    assert pixels(bmp(108, BITFIELDS, data, bits=16, masks=masks)) == [[WHITE, [0, 0, 255]]]
    assert pixels(bmp(40, BITFIELDS, data, bits=16, masks=masks[:3])) == [[[0, 0, 255]] * 2]


def test_what_pillow_writes_as_bmp_keeps_its_alpha():
    image = Image.new("RGBA", (3, 2), (0, 0, 0, 0))
    image.putpixel((1, 1), (9, 8, 7, 255))
    assert pixels(encode(image, "BMP")) == pixels(image)


def test_a_truncated_bitmap_with_alpha_is_an_error():
    assert reason(bmp(40, RAW, struct.pack("<2I", 0x00112233, 0x80000000))[:-1])


def test_grey_times_alpha_is_composited_on_white():
    image = Image.new("LA", (2, 1), (100, 0))
    image.putpixel((1, 0), (100, 255))
    assert pixels(image.convert("La")) == pixels(image) == [[WHITE, [100] * 3]]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa", "I;16", "I", "F"])
def test_strips_give_what_the_whole_gives(mode: str, monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 256, (13, 7, 4), dtype=np.uint8))
    if mode in ("I;16", "I", "F"):
        values = random.integers(0, 65536, (13, 7))
        image = Image.fromarray(values.astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]))
    elif mode != "RGBA":
        image = image.convert(mode)
    whole = np.asarray(modes.to_rgb(image))
    for pixels_at_once in (1, 5, 7, 20, 90):
        monkeypatch.setattr(modes, "STRIP", pixels_at_once)
        assert np.array_equal(np.asarray(modes.to_rgb(image)), whole), pixels_at_once


def test_numbered_colours_without_a_palette_are_refused_in_words():
    assert reason(png(3, 8, b"\0\0")) == "has pixels that number the colours of a palette, and no palette"
