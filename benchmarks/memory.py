"""Does memory grow over a long stream? Resident memory along the way, its slope over the second half, its peak.

    python benchmarks/memory.py runs/shop/bundle --plot memory.png
    python benchmarks/memory.py runs/shop/bundle --photos 10000 --runtime openvino --precision int8

The photos are drawn garments, JPEG files of 300 to 1,200 pixels in memory, which are embedded again and again. Each
photo's last answer is compared with embedding it alone.
"""

import argparse
import itertools
import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from fashionsdk import Embedder
from harness.answers import SAME_NETWORK_SHARE, check_embeddings
from harness.embedder_options import add_embedder_options, open_embedder
from harness.tables import json_lines, table
from harness.this_machine import machine
from inputs.large_photos import draw_photos

PACKAGES = ("fashionsdk", "onnxruntime", "openvino", "pillow", "numpy")
SIDES = (300, 1200)
MEGABYTE = 1e6

Samples = list[tuple[int, int]]


def resident() -> int:
    """Return this process's resident memory in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def peak() -> int:
    """Return the largest resident memory so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def stream(embedder: Embedder, pool: Sequence[bytes], count: int, every: int) -> tuple[Samples, np.ndarray]:
    """Embed ``count`` photos; return resident memory by photos embedded, and the last answers ``(N, A, D)``."""
    samples, last = [(0, resident())], np.zeros((len(pool), len(embedder.attributes), embedder.dimension), np.float32)
    for item in embedder.embed_many(itertools.islice(itertools.cycle(pool), count), progress=True, total=count):
        assert item.embeddings is not None, "an unreadable photo raises"
        last[item.index % len(pool)] = item.embeddings.vectors[0]
        if (item.index + 1) % every == 0:
            samples.append((item.index + 1, resident()))
    return samples, last


def slope(samples: Samples) -> float:
    """Return the growth of memory over the second half in bytes a photo, by least squares."""
    photos, memory = np.array(samples[len(samples) // 2 :], np.float64).T
    return float(np.polyfit(photos, memory, 1)[0])


def rows(samples: Samples) -> Iterator[list[str]]:
    """Yield a line for each tenth of the stream."""
    for tenth in range(11):
        photos, memory = samples[round(tenth / 10 * (len(samples) - 1))]
        yield [f"{photos:,}", f"{memory / MEGABYTE:.1f}"]


def draw_memory(samples: Samples, title: str, path: Path) -> None:
    from matplotlib.figure import Figure  # not before the memory has been read

    photos, memory = zip(*samples, strict=True)
    figure = Figure(figsize=(9, 4), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.plot(photos, [value / MEGABYTE for value in memory], color="#0072B2")
    axes.set(xlabel="photos embedded", ylabel="resident memory, MB", xlim=(0, photos[-1]))
    axes.set_ylim(bottom=0)
    axes.set_title(title, fontsize=11, loc="left")
    axes.grid(color="#dddddd", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def main() -> None:
    args = parse_args()
    with tempfile.TemporaryDirectory(prefix="fashionsdk-") as folder:
        pool = [path.read_bytes() for path in draw_photos(Path(folder), min(args.pool, args.photos), SIDES)]
    embedder, begin = open_embedder(args), time.perf_counter()
    samples, last = stream(embedder, pool, args.photos, args.every)
    spent, growth = time.perf_counter() - begin, slope(samples)
    alone, precision = embedder.embed(pool).vectors, embedder.backend.precision
    cosine = check_embeddings(alone, last, precision, SAME_NETWORK_SHARE)
    print(f"{table(('photos', 'resident memory, MB'), rows(samples))}\n")
    print(f"{growth:.1f} bytes a photo over the second half, peak {peak() / MEGABYTE:.0f} MB\n")
    print(json_lines({"photos": photos, "resident_bytes": memory} for photos, memory in samples))
    growth_and_peak = {"slope_bytes_a_photo": round(growth, 2), "peak_bytes": peak(), "seconds": round(spent, 1)}
    answers = {"backend": str(embedder.backend), "batch_size": args.batch_size, "smallest_cosine": round(cosine, 6)}
    print(json_lines([{**growth_and_peak, "pool": len(pool), **answers, **machine(*PACKAGES)}]))
    if args.plot:
        draw_memory(
            samples, f"{embedder.backend.runtime}, {embedder.backend.precision}, {growth:.1f} B a photo", args.plot
        )


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_embedder_options(parser)
    parser.add_argument("--photos", type=int, default=100_000)
    parser.add_argument("--every", type=int, default=1000, help="photos between two readings")
    parser.add_argument("--pool", type=int, default=200, help="different photos")
    parser.add_argument("--plot", type=Path, help="PNG file to write")
    args = parser.parse_args()
    if args.photos < 4 * args.every:
        parser.error(f"{args.photos} photos, read every {args.every}; expected at least four readings")
    return args


if __name__ == "__main__":
    main()
