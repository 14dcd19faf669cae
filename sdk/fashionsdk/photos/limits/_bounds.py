"""What one photo may take: pixels, bytes of its file, bytes held while it is read, bytes that it unpacks to."""

from fashionsdk.photos.containers import Demand

# 80 megapixels: more than a camera's, less than a decompression bomb's. No side is longer than a million pixels,
# because each row takes memory and time of its own.
MAX_PIXELS = 80_000_000
MAX_SIDE = 1_000_000

# A 24-megapixel photo that is not compressed has 72 MB.
MAX_FILE_BYTES = 100_000_000

# Pixels, decoder's buffers and converted pixels, all together. With the libraries a process then takes 600 MB at most.
MAX_HELD_BYTES = 480_000_000

# Rows of a PNG or TIFF file as they unpack, 16 bits and transparency included: over a second of one core.
MAX_UNPACKED_BYTES = 200_000_000

# Photos that take less are read without a word to other readers: eight of them have 32 MB.
SMALL_BYTES = 4_000_000

_ROW = 8  # bytes: Pillow keeps the address of each row


def check_file(length: int) -> None:
    """Check the size of a file in bytes.

    Raises:
        ValueError: it is empty or larger than ``MAX_FILE_BYTES``.
    """
    if length == 0:
        raise ValueError("is empty")
    if length > MAX_FILE_BYTES:
        raise ValueError(f"has {length} bytes; expected up to {MAX_FILE_BYTES}")


def check_size(size: tuple[int, int]) -> None:
    """Check width and height.

    Raises:
        ValueError: there are no pixels, or more than ``MAX_PIXELS``, or a side is longer than ``MAX_SIDE``.
    """
    width, height = size
    if not 0 < width * height <= MAX_PIXELS:
        raise ValueError(f"has {width} x {height} pixels; expected 1 to {MAX_PIXELS} in all")
    if max(size) > MAX_SIDE:
        raise ValueError(f"has {width} x {height} pixels; expected up to {MAX_SIDE} on a side")


def check_demand(mode: str, size: tuple[int, int], decoded: tuple[int, int], demand: Demand, converted: int) -> int:
    """Return the bytes that are held at most while a photo is decoded and converted.

    Args:
        mode: Pillow's mode of the decoded pixels.
        size: width and height as the file stores them.
        decoded: width and height of the decoded pixels, which may be fewer.
        demand: what decoding takes besides.
        converted: bytes of the pixels that are made of the decoded ones.

    Raises:
        ValueError: they are more than ``MAX_HELD_BYTES``, or the file unpacks to more than ``MAX_UNPACKED_BYTES``.
    """
    pixels = size[0] * size[1]
    if (unpacked := int(pixels * demand.unpacked)) > MAX_UNPACKED_BYTES:
        raise ValueError(
            f"unpacks to {unpacked} bytes ({_what(mode, size)}); expected up to {MAX_UNPACKED_BYTES}: reduce it"
        )
    decoding = demand.fixed + int(pixels * demand.per_pixel)
    held = image_bytes(mode, decoded) + max(decoding, converted)
    if held > MAX_HELD_BYTES:
        raise ValueError(
            f"takes {held} bytes of memory to read ({_what(mode, size)}); expected up to {MAX_HELD_BYTES}: reduce it"
        )
    return held


def _what(mode: str, size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]} pixels, mode {mode}"


def image_bytes(mode: str, size: tuple[int, int]) -> int:
    """Return the bytes of an image in Pillow's memory: 1, 2 or 4 for each pixel, and some for each row."""
    pixel = 1 if mode in ("1", "L", "P") else 2 if mode.startswith("I;16") else 4
    return size[1] * (size[0] * pixel + _ROW)
