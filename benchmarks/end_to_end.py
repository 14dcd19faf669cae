"""How long does a folder of JPEGs take, from files to embeddings on disk, beside its parts measured alone?

    python benchmarks/end_to_end.py runs/r50/bundle --plot end_to_end.png
    python benchmarks/end_to_end.py runs/shop/bundle --photos photos/ --precision int8

Without ``--photos``, garments are drawn as JPEGs of 500 to 4,000 pixels, see ``large_photos.py``. In every round, in
turn: all photos decoded and preprocessed by as many threads as the whole uses; the graph alone on their pixels, in
batches of the same size; the whole, as ``fashionsdk embed`` does it; and today's method on a part of the photos: every
pixel decoded by as many threads, batch by batch, then the original program in PyTorch, once per attribute. The last
needs the checkpoint that the bundle was made of. The embeddings on disk are compared with embedding one by one.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import numpy as np

from fashionsdk import Embedder
from fashionsdk._tools.batches import slices
from fashionsdk._tools.progress import progress_bar
from fashionsdk.backends import available_cpus, open_backend
from fashionsdk.embedding import MAX_WORKERS
from fashionsdk.photos import open_image
from harness.answers import SAME_NETWORK_SHARE, check_embeddings
from harness.embedder_options import add_embedder_options, open_embedder
from harness.plots import bars
from harness.tables import json_lines, table
from harness.this_machine import machine
from inputs.large_photos import draw_photos
from methods.embedding_methods import Call, Pixels, reason
from methods.existing_methods import existing_methods, find_checkpoint

Step: TypeAlias = tuple[Callable[[], object], int]  # the function to time, and its number of photos

PACKAGES = ("fashionsdk", "onnxruntime", "openvino", "torch", "pillow", "numpy")
DECODE, GRAPH, WHOLE = "decode and preprocess alone", "graph alone", "whole, to the file of embeddings"
TODAY = "today: every pixel decoded, original program"
SUM = "sum of the two"
ORDER = (DECODE, GRAPH, SUM, WHOLE, TODAY)
HEADER = ("what", "photos a second", "ms a photo", "of the sum")


class Work:
    """The photos and the steps that are timed.

    Args:
        embedder: embeds the photos.
        paths: the photos.
        batch_size: B.
        workers: threads that decode.
        out: the file of embeddings to write.
    """

    def __init__(self, embedder: Embedder, paths: Sequence[Path], batch_size: int, workers: int, out: Path) -> None:
        self.embedder, self.paths, self.batch_size, self.workers, self.out = embedder, paths, batch_size, workers, out
        self._pixels = np.stack(self.decode())
        self._run = graph_alone(embedder)

    def decode(self) -> list[Pixels]:
        """Read every photo."""
        with ThreadPoolExecutor(self.workers) as pool:
            return list(pool.map(self.embedder.preprocessing.read, self.paths))

    def graph(self) -> None:
        """Run the graph on the pixels of all photos."""
        for part in slices(len(self._pixels), self.batch_size):
            self._run(self._pixels[part])

    def whole(self) -> None:
        """Embed every photo and write the embeddings."""
        items = self.embedder.embed_many(self.paths, batch_size=self.batch_size, workers=self.workers)
        vectors = np.concatenate([item.embeddings.vectors for item in items if item.embeddings is not None])
        np.savez(self.out, keys=np.array([str(path) for path in self.paths]), vectors=vectors)

    def check(self) -> float:
        """Return the smallest cosine of the written embeddings and those of the photos one by one."""
        paths = progress_bar(self.paths, "one by one", None, "photo")
        alone = np.concatenate([self.embedder.embed(path).vectors for path in paths])
        with np.load(self.out) as written:
            precision = self.embedder.backend.precision
            return check_embeddings(alone, written["vectors"], precision, SAME_NETWORK_SHARE)

    def today(self, prepare: Callable[[Pixels], Call], count: int) -> None:
        """Embed ``count`` photos as users do today."""
        with ThreadPoolExecutor(self.workers) as pool:
            for part in slices(count, self.batch_size):
                pixels = list(pool.map(lambda path: self.embedder.preprocessing(open_image(path)), self.paths[part]))
                prepare(np.stack(pixels))()


def graph_alone(embedder: Embedder) -> Callable[[Pixels], object]:
    """Return the graph as a function: a bare session of ONNX Runtime, or another runtime as the SDK opens it."""
    info, bundle = embedder.backend, embedder.bundle
    runtime = info.runtime.split()[0]
    if (runtime, info.device) != ("onnxruntime", "cpu"):
        return open_backend(bundle, info.device, info.precision, runtime=runtime).run
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_cpus()
    session = onnxruntime.InferenceSession(
        bundle.graph_path(info.precision), options, providers=["CPUExecutionProvider"]
    )
    return lambda images: session.run(["embeddings"], {"images": images})


def measure_rounds(steps: Mapping[str, Step], rounds: int) -> dict[str, list[float]]:
    """Return each step's milliseconds a photo in every round, after one that does not count."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in progress_bar(range(rounds + 1), "measuring", None, "round"):
        for name, (call, photos) in steps.items():
            begin = time.perf_counter()
            call()
            if number > 0:
                times[name].append((time.perf_counter() - begin) / photos * 1e3)
    return times


def today_step(work: Work, args: argparse.Namespace) -> tuple[dict[str, Step], str]:
    """Return the step of today's method, or none and the reason."""
    try:
        methods = existing_methods(find_checkpoint(work.embedder.bundle, args.checkpoint), "cpu", available_cpus())
        prepare = methods[0].open()
    except Exception as error:  # any error that keeps it from running; the table says which
        return {}, reason(error)
    count = min(args.today, len(work.paths))
    return {TODAY: (lambda: work.today(prepare, count), count)}, ""


def summarise(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the medians in milliseconds a photo, of the parts' sum too."""
    medians = {name: statistics.median(values) for name, values in times.items()}
    sums = [sum(parts) for parts in zip(times[DECODE], times[GRAPH], strict=True)]
    return {**medians, SUM: statistics.median(sums)}


def ratio(times: Mapping[str, Sequence[float]]) -> float:
    """Return the whole ÷ the sum of its parts, the median over the rounds."""
    rounds = zip(times[WHOLE], times[DECODE], times[GRAPH], strict=True)
    return statistics.median(whole / (decode + graph) for whole, decode, graph in rounds)


def report(medians: Mapping[str, float], missing: str) -> str:
    """Return the markdown table."""
    rows = [
        [name, f"{1e3 / medians[name]:.1f}", f"{medians[name]:.2f}", f"{medians[name] / medians[SUM]:.3f}"]
        for name in ORDER
        if name in medians
    ]
    return table(HEADER, rows + ([[TODAY, "", "", missing]] if missing else []))


def measure(args: argparse.Namespace, folder: Path) -> None:
    """Measure, check and print."""
    embedder = open_embedder(args)
    paths = sorted(args.photos.rglob("*.jp*g")) if args.photos else draw_photos(folder / "photos", args.count)
    if not paths:
        raise SystemExit(f"{args.photos} holds no .jpg or .jpeg; expected a folder of photos")
    work = Work(embedder, paths, args.batch_size, args.workers, folder / "embeddings.npz")
    today, missing = today_step(work, args)
    steps = {DECODE: (work.decode, len(paths)), GRAPH: (work.graph, len(paths)), WHOLE: (work.whole, len(paths))}
    times = measure_rounds({**steps, **today}, args.rounds)
    medians = summarise(times)
    print(f"{report(medians, missing)}\n")
    records = [{"what": name, "unit": "ms a photo", "p50": round(value, 3)} for name, value in medians.items()]
    print(json_lines([*records, {"ratio": "whole ÷ sum of decode and graph alone", "value": round(ratio(times), 3)}]))
    size = sum(path.stat().st_size for path in paths)
    settings = {"photos": len(paths), "megabytes": round(size / 1e6, 1), "batch_size": args.batch_size}
    answers = {"backend": str(embedder.backend), "smallest_cosine": round(work.check(), 6)}
    print(json_lines([{**settings, "workers": args.workers, "rounds": args.rounds, **answers, **machine(*PACKAGES)}]))
    if args.plot:
        info, model, shape = embedder.backend, embedder.bundle.manifest.model, embedder.preprocessing.shape
        title = f"{model.architecture}, {shape[0]}x{shape[1]} px, {info.runtime}, {info.device}, {info.precision}"
        groups = {name: {"photo": medians[name]} for name in ORDER if name in medians}
        bars(args.plot, title, groups, "median milliseconds a photo (logarithmic; shorter is better)", log=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_embedder_options(parser)
    parser.add_argument("--photos", type=Path, help="folder of JPEGs; drawn if not given")
    parser.add_argument("--count", type=int, default=128, help="photos to draw")
    parser.add_argument("--workers", type=int, default=min(available_cpus(), MAX_WORKERS), help="threads that decode")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--today", type=int, default=32, help="photos of a round that are embedded as users do today")
    parser.add_argument("--checkpoint", type=Path, help="default: the folder checkpoint beside the bundle")
    parser.add_argument("--plot", type=Path, help="PNG file to write")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fashionsdk-") as folder:
        measure(args, Path(folder))


if __name__ == "__main__":
    main()
