"""Small files that would take gigabytes or minutes: read within bounds, or refused in words."""

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionsdk.photos._source import open_image
from tests.sdk.photos.photos import encode, reason

MARK = b"\x89PNG\r\n\x1a\n"
PIECE = 1 << 20  # bytes that are packed at once
SQUARE = Image.new("RGB", (64, 64), "red")

# Reads each file of a list; prints the reason, "" if there is none, the CPU seconds, and in the end the peak in MB.
CHILD = """
import json, sys, time
from fashionsdk.photos import Preprocessing
from fashionsdk.errors import ImageError
for path in sys.argv[2:]:
    start = time.process_time()
    try:
        Preprocessing(32, fit=sys.argv[1]).read(path)
        reason = ""
    except ImageError as error:
        reason = error.reason
    print(json.dumps([reason, time.process_time() - start]))
peak = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak[0].split()[1]) / 1024)
"""


def chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def png(width: int, height: int, depth: int, colours: int, before: bytes = b"", row_bytes: int = 0) -> bytes:
    """Return a PNG file of zeros; without ``row_bytes``, one that has no pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0))
    packer, rows = zlib.compressobj(1), b""
    size = height * (1 + row_bytes) if row_bytes else 0
    for start in range(0, size, PIECE):
        rows += packer.compress(bytes(min(PIECE, size - start)))
    rows += packer.flush()
    return MARK + head + before + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def webp(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif(width: int, height: int) -> bytes:
    """Return an animation of 2 x 2 pixels whose first frame makes its canvas larger."""
    data = bytearray(encode(Image.new("P", (2, 2)), "GIF"))
    frame = data.index(b",", 13)
    data[frame + 5 : frame + 9] = struct.pack("<HH", width, height)
    return bytes(data)


def tiff(strips: int) -> bytes:
    first = 8 + 2 + 12 * 9 + 4
    tags = [(256, 1), (257, strips), (258, 8), (259, 1), (262, 1), (273, first), (277, 1), (278, 1), (279, first)]
    rows = [struct.pack("<HHII", tag, 4, strips if tag in (273, 279) else 1, value) for tag, value in tags]
    return b"II*\0" + struct.pack("<IH", 8, 9) + b"".join(rows) + bytes(4) + b"\x08\0\0\0" * strips


def bmp_of_runs() -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, 900, 900, 1, 8, 1, 0, 0, 0, 0, 0) + b"\1\0" * 99


JPEG = encode(SQUARE, "JPEG")
EXIF = b"\xff\xe1" + struct.pack(">H", 60_008) + b"Exif\0\0" + bytes(60_000)
SCANS = encode(SQUARE, "JPEG", progressive=True)
SCAN = SCANS[SCANS.rindex(b"\xff\xda") : -2]

REFUSED = {
    "RGBA of 79 megapixels": (png(8900, 8900, 8, 6), "unpacks to 316840000 bytes"),
    "RGB of 16 bits": (png(6000, 6000, 16, 2), "unpacks to 216000000 bytes"),
    "WebP of 34 bytes": (webp(8900, 8900), "bytes of memory to read"),
    "WebP of too many pixels": (webp(16000, 16000), "has 16000 x 16000 pixels; expected 1 to"),
    "GIF whose frame is larger": (gif(60000, 60000), "has 60000 x 60000 pixels; expected 1 to"),
    "80 million rows": (png(1, 80_000_000, 8, 0), "expected up to 1000000 on a side"),
    "80 million columns": (png(80_000_000, 1, 8, 0), "expected up to 1000000 on a side"),
    "PPM in plain text": (b"P2 200 200 255\n" + b"#\n" * 24_000 + b"7 " * 40_000, "is not a PPM that is read"),
    "PGM of 255 levels": (b"P5 400 400 254\n" + bytes(160_000), "is not a PPM that is read"),
    "TIFF of millions of strips": (tiff(2_000_000), "numbers in its directory; expected up to 100000"),
    "BigTIFF": (b"II+\0\x08\0\0\0" + bytes(50), "is a BigTIFF"),
    "JPEG led by FF": (JPEG[:2] + b"\xff" * 20_000_000 + JPEG[2:], "before its pixels; save it again"),
    "JPEG with FF among its pixels": (JPEG[:-4] + b"\xff" * 20_000_000 + JPEG[-4:], "bytes of FF in a row"),
    "JPEG of a million segments": (JPEG[:2] + b"\xff\xfe\0\2" * 1_000_000 + JPEG[2:], "more than 2000 segments"),
    "JPEG of many EXIF": (JPEG[:2] + EXIF * 250 + JPEG[2:], "32 of EXIF"),
    "JPEG of a thousand scans": (SCANS[:-2] + SCAN * 1000 + SCANS[-2:], "has more than 100 scans"),
    "PNG of a million chunks": (png(8, 8, 8, 0, chunk(b"tEXt", b"a\0b") * 1_000_000, 8), "save it again"),
    "BMP of runs": (bmp_of_runs(), "is a run-length encoded BMP"),
    "palette without PLTE": (png(8, 8, 8, 3, row_bytes=8), "no palette"),
    "GIF of many blocks": (gif(2, 2)[:13] + b"!\xfe" + b"\1a" * 30_000 + b"\0;", "more than 20000 blocks"),
}

PALETTE = chunk(b"PLTE", bytes(768)) + chunk(b"tRNS", bytes(256))
ACCEPTED = {
    "grey of 16 bits": png(6000, 6000, 16, 0, row_bytes=12_000),
    "RGBA": png(5000, 5000, 8, 6, row_bytes=20_000),
    "palette with transparency": png(6000, 6000, 8, 3, PALETTE, 6000),
    "a million rows": png(1, 1_000_000, 8, 0, row_bytes=1),
}


def read_apart(folder: Path, files: dict[str, bytes], fit: str = "crop") -> tuple[dict[str, tuple[str, float]], float]:
    """Read files in another process; return each one's reason and CPU seconds, and the process's peak in MB."""
    if not Path("/proc/self/status").exists():
        pytest.skip("a process's peak memory is read from /proc")
    paths = []
    for number, content in enumerate(files.values()):
        paths.append(folder / str(number))
        paths[-1].write_bytes(content)
    run = subprocess.run(
        [sys.executable, "-c", CHILD, fit, *map(str, paths)], capture_output=True, text=True, check=True
    )
    *answers, peak = map(json.loads, run.stdout.splitlines())
    return dict(zip(files, map(tuple, answers), strict=True)), peak


def test_what_would_take_too_much_is_refused_before_it_is_decoded(tmp_path: Path):
    answers, peak = read_apart(tmp_path, {name: data for name, (data, _) in REFUSED.items()})
    for name, (said, seconds) in answers.items():
        assert REFUSED[name][1] in said, name
        assert seconds < 1.5, name
    assert peak < 120


@pytest.mark.slow
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_large_photos_are_read_without_large_copies(fit: str, tmp_path: Path):
    answers, peak = read_apart(tmp_path, ACCEPTED, fit)
    for name, (said, seconds) in answers.items():
        assert said == "", name
        assert seconds < 2, name
    assert peak < 210  # 100 MB of RGBA; a whole copy of it would make 300


def test_a_file_of_more_bytes_than_a_photo_has_is_not_read(tmp_path: Path):
    path = tmp_path / "large.jpg"
    path.write_bytes(JPEG)
    with path.open("r+b") as file:
        file.truncate(100_000_001)  # a hole: it takes no space
    assert reason(path) == "has 100000001 bytes; expected up to 100000000"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"comment": b"x" * 60_000}, {"restart_marker_rows": 1}])
def test_usual_files_are_within_the_bounds(options: dict[str, object]):
    data = encode(SQUARE.resize((900, 700)), "JPEG", **options)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    np.testing.assert_array_equal(np.asarray(open_image(data)), expected)
    padded = data[:2] + b"\xff" * 9 + data[2:]
    np.testing.assert_array_equal(np.asarray(open_image(padded)), expected)
