"""Large JPEGs for benchmarks, as cameras and shops deliver them: 500 to 4,000 pixels on the longer side, upright 3:4.

    python benchmarks large_photos --out /tmp/large --photos 200
    python benchmarks large_photos --out /tmp/large --of shop/labels.csv --split valid --photos 1000

Drawn large by ``fashionsdk_training.garments``, or with ``--of`` enlarged from a table's photos by Lanczos, with the
noise of a sensor, since enlarging alone adds no detail that a decoder could lose. Sizes are spread evenly by ratio,
qualities are 75, 85 and 95, one in four is progressive. ``labels.csv`` beside the photos holds their labels.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from fashionsdk._tools.progress import progress_bar
from fashionsdk.labels import write_csv
from fashionsdk.photos import open_image
from fashionsdk_training.garments import ATTRIBUTES, draw
from harness.label_csv import read_rows
from harness.separate_process import map_in_processes

SIDES = (500, 4000)
QUALITIES = (75, 85, 95)
PROGRESSIVE = 4  # one photo in four
NOISE = 4.0  # standard deviation, in levels of 255


@dataclass(frozen=True)
class Look:
    """How one photo is written."""

    side: int
    quality: int
    progressive: bool

    def save(self, image: Image.Image, path: Path) -> None:
        image.save(path, quality=self.quality, progressive=self.progressive)


def look(index: int, sides: tuple[int, int] = SIDES) -> Look:
    """Return the look of photo ``index``: the same on every run."""
    share = index * 0.6180339887 % 1  # the golden ratio spreads any number of photos evenly
    side = round(sides[0] * (sides[1] / sides[0]) ** share)
    return Look(side, QUALITIES[index % len(QUALITIES)], index % PROGRESSIVE == 0)


def draw_photo(folder: Path, sides: tuple[int, int], index: int) -> dict[str, str]:
    """Draw one garment, cut to 3:4, and return its row of the table."""
    style = look(index, sides)
    garment = draw(index, seed=4, side=style.side)
    edge = style.side // 8
    style.save(garment.image.crop((edge, 0, style.side - edge, style.side)), folder / _name(index))
    return {"image": _name(index), "split": "valid", **garment.values}


def enlarge_photo(folder: Path, sides: tuple[int, int], row: tuple[int, dict[str, str], Path]) -> dict[str, str]:
    """Enlarge one photo, add noise, and return its row of the table."""
    index, cells, source = row
    style, small = look(index, sides), open_image(source)
    scale = max(1.0, style.side / max(small.size))
    large = small.resize((round(small.width * scale), round(small.height * scale)), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(index).standard_normal((large.height, large.width, 1), np.float32) * NOISE
    noisy = np.clip(np.asarray(large) + noise, 0, 255).astype(np.uint8)
    style.save(Image.fromarray(noisy), folder / _name(index))
    return {**cells, "image": _name(index)}


def draw_photos(folder: Path, count: int, sides: tuple[int, int] = SIDES) -> list[Path]:
    """Draw the first ``count`` garments into ``folder`` with their table and return the photos' paths."""
    names = [attribute.name for attribute in ATTRIBUTES]
    return _write(folder, partial(draw_photo, folder, sides), list(range(count)), names)


def enlarge_photos(folder: Path, table: Path, split: str, count: int, sides: tuple[int, int] = SIDES) -> list[Path]:
    """Enlarge the first ``count`` photos of a table's split into ``folder`` and return their paths."""
    rows = read_rows(table, split)[:count]
    jobs = [(index, row, table.parent / row["image"]) for index, row in enumerate(rows)]
    names = [name for name in rows[0] if name not in ("image", "split")]
    return _write(folder, partial(enlarge_photo, folder, sides), jobs, names)


def _name(index: int) -> str:
    return f"{index:05d}.jpg"


def _write(folder: Path, write: partial[dict[str, str]], jobs: Sequence[object], names: Sequence[str]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = map_in_processes(write, jobs, os.cpu_count() or 1)
    rows = list(progress_bar(written, "writing large photos", len(jobs), "photo"))
    write_csv(folder / "labels.csv", ("image", "split", *names), rows)
    return [folder / row["image"] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--of", type=Path, metavar="TABLE", help="enlarge this CSV table's photos instead")
    parser.add_argument("--split", default="valid", help="of the table")
    parser.add_argument("--sides", type=int, nargs=2, default=SIDES, help="longer side in pixels, least and most")
    args = parser.parse_args()
    sides = (args.sides[0], args.sides[1])
    if args.of is None:
        paths = draw_photos(args.out, args.photos, sides)
    else:
        paths = enlarge_photos(args.out, args.of, args.split, args.photos, sides)
    size = sum(path.stat().st_size for path in paths) / 1e6
    print(f"{args.out}: {len(paths)} photos, {size:.0f} MB")


if __name__ == "__main__":
    main()
