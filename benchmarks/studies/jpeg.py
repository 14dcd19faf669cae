"""How far may a JPEG be reduced while it is decoded? Ranks, MAP and time, by the pixels that are left for the resize.

    python benchmarks large_photos --out /tmp/large --of shop/labels.csv --photos 1000
    python benchmarks jpeg runs/shop/bundle --data /tmp/large/labels.csv

Compared with all pixels decoded: mean difference of the model's input in levels out of 255, cosines (median and 1st
percentile), share of the ten nearest neighbours that stay, MAP over queries. For comparison, the last rows change the
photos in ways that people accept: they are saved once more, or made a tenth smaller first. Time is of one thread on the
CPU.
"""

import argparse
import io
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

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
Read = Callable[[Path], Pixels]
EVERY_PIXEL, SIDES = "every pixel", (1, 2, 3, 4)
HEADER = ("decoded", "CPU ms a photo", "input differs by", "cosine", "1st percentile", "neighbours kept", "MAP")


@dataclass(frozen=True)
class Row:
    """One way to read photos, beside reading every pixel."""

    decoded: str
    milliseconds: float
    levels: float
    cosine: float
    low_cosine: float
    neighbours: float
    map: float

    def cells(self) -> list[str]:
        numbers = (f"{self.milliseconds:.2f}", f"{self.levels:.3f}", f"{self.cosine:.5f}", f"{self.low_cosine:.4f}")
        return [self.decoded, *numbers, f"{self.neighbours:.1%}", f"{self.map:.2f}"]


def readers(model_input: Preprocessing) -> dict[str, Read]:
    """Return the functions that read a photo, by their names in the table."""
    rule = model_input.reducing_gap
    return {
        EVERY_PIXEL: lambda path: model_input(open_image(path)),
        **{f"{sides} x the model's side or more": partial(_read, model_input, sides) for sides in SIDES},
        f"{rule} x, its last half pixel counted as whole": lambda path: model_input(
            open_photo(path, at_least=model_input.decoded_size).image
        ),
        "saved again, quality 95": lambda path: model_input(_saved(open_image(path), 95)),
        "saved again, quality 85": lambda path: model_input(_saved(open_image(path), 85)),
        "a tenth smaller": lambda path: model_input(_smaller(open_image(path))),
    }


def _read(model_input: Preprocessing, sides: int, path: Path) -> Pixels:
    return replace(model_input, reducing_gap=sides).read(path)


def _saved(image: Image.Image, quality: int) -> Image.Image:
    image.save(file := io.BytesIO(), "JPEG", quality=quality)
    return open_image(file.getvalue())


def _smaller(image: Image.Image) -> Image.Image:
    return image.resize((image.width * 9 // 10, image.height * 9 // 10), Image.Resampling.BILINEAR)


def read_all(read: Read, split: RetrievalSplit, name: str) -> tuple[Pixels, float]:
    """Return the photos ``(N, H, W, 3)`` and the milliseconds that one took."""
    begin = time.thread_time()
    pixels = np.stack([read(path) for path in progress_bar(split.paths, name, None, "photo")])
    return pixels, (time.thread_time() - begin) / len(pixels) * 1e3


def compare_readers(embedder: Embedder, split: RetrievalSplit) -> list[Row]:
    """Read the split's photos in every way and compare."""
    names = [attribute.name for attribute in embedder.attributes]
    rows: list[Row] = []
    for name, read in readers(embedder.preprocessing).items():
        pixels, milliseconds = read_all(read, split, name)
        vectors = embedder.embed(pixels).vectors
        if name == EVERY_PIXEL:
            expected, seen = vectors, pixels.astype(np.int16)
        low, middle = np.percentile((expected * vectors).sum(axis=-1), (1, 50))
        score = evaluate(split, [(np.arange(len(vectors)), vectors)], names).overall.map
        levels = float(np.abs(pixels - seen).mean())
        kept = neighbour_agreement(expected, vectors)
        rows.append(Row(name, round(milliseconds, 3), levels, float(middle), float(low), kept, score))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_embedder_options(parser)
    parser.add_argument("--data", required=True, type=Path, help="labels of large JPEGs")
    parser.add_argument("--split", default="valid")
    args = parser.parse_args()
    rows = compare_readers(open_embedder(args), read_retrieval(args.data, args.split))
    print(table(HEADER, [row.cells() for row in rows]))
    print(json_lines([*map(asdict, rows), machine("fashionsdk", "pillow", "numpy")]))


if __name__ == "__main__":
    main()
