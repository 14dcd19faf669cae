"""What do colour profiles do to embeddings? Ranks and MAP of photos stored in wider spaces than sRGB, and the time.

    python benchmarks colours runs/shop/bundle --data shop/labels.csv

Each photo is stored in another space, with its profile, as cameras and phones do. Compared with the photo as it was:
mean difference of the model's input in levels out of 255, cosines (median and 1st percentile), share of the ten nearest
neighbours that stay, MAP. Then the time to read one photo of 12 megapixels without a profile and with some; the median
of rounds that take turns, one thread on the CPU.
"""

import argparse
import io
import struct
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from fashionsdk import Embedder
from fashionsdk._tools.progress import progress_bar
from fashionsdk.embedding import neighbour_agreement
from fashionsdk.evaluation import evaluate
from fashionsdk.labels import RetrievalSplit, read_retrieval
from fashionsdk.photos import Preprocessing, open_image, open_photo
from harness.embedder_options import add_embedder_options, open_embedder
from harness.tables import json_lines, table
from harness.this_machine import machine

Pixels = NDArray[np.uint8]
# x and y of red, green and blue; the exponent of the curve.
SPACES = {
    "Display P3": (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), 2.2),
    "Adobe RGB": (((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), 2.2),
    "ProPhoto RGB": (((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)), 1.8),
}
D65, D50 = np.array([0.9504, 1, 1.0889]), np.array([0.9642, 1, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
LARGE, ROUNDS = (3024, 4032), 9
HEADER = ("stored in", "read", "input differs by", "cosine", "1st percentile", "neighbours kept", "MAP")


@dataclass(frozen=True)
class Row:
    """Photos in one space, read in one way."""

    space: str
    read: str
    levels: float
    cosine: float
    low_cosine: float
    neighbours: float
    map: float

    def cells(self) -> list[str]:
        numbers = (f"{self.levels:.3f}", f"{self.cosine:.5f}", f"{self.low_cosine:.4f}", f"{self.neighbours:.1%}")
        return [self.space, self.read, *numbers, f"{self.map:.2f}"]


def profile(space: str) -> bytes:
    """Return an ICC profile of matrix and curves (ICC.1:2001-04)."""
    primaries, exponent = SPACES[space]
    colours = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    cones = BRADFORD @ np.column_stack([D65, D50])
    adapted = np.linalg.inv(BRADFORD) @ np.diag(cones[:, 1] / cones[:, 0]) @ BRADFORD
    matrix = adapted @ colours * np.linalg.solve(colours, D65)
    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(exponent * 256), 0)
    tags = {b"wtpt": _xyz(D50)} | {name + b"TRC": curve for name in (b"r", b"g", b"b")}
    tags |= {name + b"XYZ": _xyz(matrix[:, i]) for i, name in enumerate((b"r", b"g", b"b"))}
    start, index, data = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, body in tags.items():
        index += name + struct.pack(">2I", start + len(data), len(body))
        data += body
    size = start + len(data)
    head = struct.pack(">I4sI4s4s4s6H4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ", *[1] * 6, b"acsp")
    return (head + bytes(28) + _xyz(D50)[8:]).ljust(128, b"\0") + index + data


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def stored(image: Image.Image, space: str, described: bool = True) -> bytes:
    """Return a PNG file of the photo with the colours of a space, and its profile if it is described."""
    described_by = profile(space)
    other = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(described_by))
    )
    assert other is not None
    return _encode(other, "PNG", described_by if described else None)


def _encode(image: Image.Image, format: str, described_by: bytes | None) -> bytes:
    file = io.BytesIO()
    image.info.pop("icc_profile", None)
    image.save(file, format, icc_profile=described_by)
    return file.getvalue()


def after_the_resize(model_input: Preprocessing, data: bytes) -> Pixels:
    """Return the model's input with only the square converted, as of large photos."""
    photo = open_photo(data)
    return np.asarray(photo.convert(Image.fromarray(model_input(photo.image))))


def compare_spaces(embedder: Embedder, split: RetrievalSplit) -> list[Row]:
    """Store the split's photos in every space, read them and compare."""
    model_input = embedder.preprocessing
    reads: dict[str, Callable[[Image.Image, str], Pixels]] = {
        "profile ignored": lambda image, space: model_input.read(stored(image, space, described=False)),
        "converted": lambda image, space: model_input.read(stored(image, space)),
        "converted after the resize": lambda image, space: after_the_resize(model_input, stored(image, space)),
    }
    images = [open_image(path) for path in split.paths]
    seen = np.stack([model_input(image) for image in images])
    expected = embedder.embed(seen).vectors
    rows = [_row(embedder, split, "sRGB", "as it was", seen, seen, expected)]
    for space in SPACES:
        for name, read in reads.items():
            bar = progress_bar(images, f"{space}, {name}", None, "photo")
            rows.append(_row(embedder, split, space, name, np.stack([read(i, space) for i in bar]), seen, expected))
    return rows


def _row(
    embedder: Embedder,
    split: RetrievalSplit,
    space: str,
    read: str,
    pixels: Pixels,
    seen: Pixels,
    expected: NDArray[np.float32],
) -> Row:
    vectors = embedder.embed(pixels).vectors
    low, middle = np.percentile((expected * vectors).sum(axis=-1), (1, 50))
    names = [attribute.name for attribute in embedder.attributes]
    score = evaluate(split, [(np.arange(len(vectors)), vectors)], names).overall.map
    levels = float(np.abs(pixels.astype(np.int16) - seen).mean())
    kept = neighbour_agreement(expected, vectors)
    return Row(space, read, levels, float(middle), float(low), kept, score)


def reading_times(model_input: Preprocessing, photo: Path) -> dict[str, float]:
    """Return CPU milliseconds to read a large JPEG without a profile and with two of them."""
    large = open_image(photo).resize(LARGE, Image.Resampling.BICUBIC)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kinds = {"none": None, "sRGB": srgb, "Display P3": profile("Display P3")}
    files = {name: _encode(large, "JPEG", described_by) for name, described_by in kinds.items()}
    times: dict[str, list[float]] = {name: [] for name in files}
    for _ in range(ROUNDS):
        for name, data in files.items():
            begin = time.thread_time()
            model_input.read(data)
            times[name].append((time.thread_time() - begin) * 1e3)
    return {name: round(float(np.median(values)), 2) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_embedder_options(parser)
    parser.add_argument("--data", required=True, type=Path, help="labels of photos in sRGB")
    parser.add_argument("--split", default="valid")
    args = parser.parse_args()
    embedder, split = open_embedder(args), read_retrieval(args.data, args.split)
    rows, times = compare_spaces(embedder, split), reading_times(embedder.preprocessing, split.paths[0])
    print(table(HEADER, [row.cells() for row in rows]))
    print(table(("profile", "CPU ms to read 12 megapixels"), [[name, f"{value}"] for name, value in times.items()]))
    print(json_lines([*map(asdict, rows), times, machine("fashionsdk", "pillow", "numpy")]))


if __name__ == "__main__":
    main()
