"""How fast is each runtime on this GPU beside torch.compile, and what share of its arithmetic do they reach?

    benchmarks/gpu.sh                              # installs, then runs this within five minutes
    python benchmarks gpu runs/r50/bundle runs/lite0/bundle --out results

A row is printed and written as soon as it is measured: a line of JSON. When the time is up, what is left is counted and
a markdown table is written beside the lines. Ways are every runtime of the SDK, whose engines are built where their
library is installed, and PyTorch on the bundle's graph: eager, and compiled while the program runs.

``host`` is from uint8 photos in the host's memory to embeddings there, ``device`` without these copies. The share is of
the fastest of a few square matrix products in the row's precision. ``--device cpu --quick`` runs all of it in small on
a CPU. Its figures are no result.
"""

import argparse
import datetime
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fashionsdk._tools.files.scratch_folder import scratch_folder
from fashionsdk.backends import DEVICES
from fashionsdk.bundle import Bundle
from fashionsdk.errors import FashionSDKError
from harness.answers import ReferenceBatch, WrongAnswer, check_embeddings
from harness.tables import show, table
from harness.this_machine import OtherLoad, machine
from methods.embedding_methods import reason
from methods.gpu_ways import PRECISIONS, Way, ways, with_engines
from methods.graph_flops import count_flops
from methods.matrix_products import Product

PACKAGES = ("fashionsdk", "torch", "triton", "onnxruntime-gpu", "onnxruntime", "tensorrt", "tensorrt-rtx", "numpy")
HEADER = ("bundle", "way", "precision", "batch", "photos", "p50 ms", "photos/s", "share of the product")
LEAST_CALLS = 3


@dataclass(frozen=True)
class Plan:
    """How much is measured: batch sizes, the sides of the matrix products, and the seconds for each row."""

    batches: tuple[int, ...]
    sizes: tuple[int, ...]
    seconds: float


FULL, QUICK = Plan((64, 1, 256), (4096, 8192), 0.7), Plan((2,), (256,), 0.05)


class Rows:
    """The lines of a run, printed and written one by one."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8")
        self.records: list[Mapping[str, Any]] = []

    def add(self, record: Mapping[str, Any]) -> None:
        """Print a line and write it, so that an interrupted run has shown what it had."""
        self.records.append(record)
        show(record)
        show(record, self._file)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def table(self) -> str:
        """Return the markdown table of what ran, then what did not and why."""
        cells = [
            (
                *(str(row[name]) for name in ("bundle", "way", "precision", "batch", "photos")),
                *(f"{row['p50_ms']:.2f}", f"{row['photos_per_second']:,.0f}", f"{row['share']:.1%}"),
            )
            for row in self.records
            if "p50_ms" in row
        ]
        missing = [f"- {row['way']}, {row['precision']}: {row['reason']}" for row in self.records if "reason" in row]
        return "\n".join([table(HEADER, cells), "", *dict.fromkeys(missing)])


def measure_way(way: Way, bundle: Bundle, batch: int, seconds: float, peak: float) -> list[dict[str, Any]]:
    """Measure a way, with and without copies, after comparing its answers with the reference."""
    named = {"bundle": label(bundle), "way": way.name, "precision": way.precision, "batch": batch}
    reference = ReferenceBatch(bundle.reference(), batch)
    flops = sum(count_flops(bundle.graph_path("fp32"), batch).values())
    rows = []
    try:
        with way.open(reference.images) as calls:
            for photos, call in calls.items():
                answer: Any = call()
                vectors = answer if photos == "host" else answer.float().cpu().numpy()
                cosine = check_embeddings(reference.expected, vectors, way.precision)
                median = statistics.median(times(call, seconds))
                figures = {"p50_ms": round(median, 3), "photos_per_second": round(batch / median * 1e3, 1)}
                share = {"share": round(flops / median / 1e6 / peak, 4), "smallest_cosine": round(cosine, 6)}
                rows.append({**named, "photos": photos, **figures, **share})
    except (FashionSDKError, WrongAnswer, RuntimeError) as error:  # PyTorch's own errors are RuntimeErrors
        rows.append({**named, "reason": reason(error)})
    return rows


def times(call: Callable[[], object], seconds: float) -> list[float]:
    """Return the milliseconds of each call, after one that does not count."""
    call()
    passed, end = list[float](), time.perf_counter() + seconds
    while len(passed) < LEAST_CALLS or time.perf_counter() < end:
        begin = time.perf_counter()
        call()
        passed.append((time.perf_counter() - begin) * 1e3)
    return passed


def peak_speed(device: str, precision: str, sizes: Sequence[int]) -> float:
    """Return the GFLOP/s of PyTorch's fastest square product."""
    medians = {size: statistics.median(Product("torch", device, precision, size, 1).burst(5)) for size in sizes}
    return max(2 * size**3 / median / 1e6 for size, median in medians.items())


def label(bundle: Bundle) -> str:
    """Return what a bundle is called in rows."""
    model = bundle.manifest.model
    return f"{model.architecture}, {model.backbone}, {bundle.manifest.preprocessing.height} px"


def run(args: argparse.Namespace, plan: Plan, rows: Rows) -> None:
    """Measure until the time is up."""
    end, others = time.perf_counter() + args.seconds, OtherLoad()
    rows.add(machine(*PACKAGES))
    peaks = {precision: peak_speed(args.device, precision, plan.sizes) for precision in PRECISIONS[args.device]}
    rows.add({"matrix_product_tflops": {precision: round(speed / 1e3, 3) for precision, speed in peaks.items()}})
    left = 0
    with scratch_folder() as folder:
        for number, path in enumerate(args.bundles):
            bundle, built = with_engines(Bundle.open(path), args.device, max(plan.batches), folder / str(number))
            for record in built:
                rows.add({"bundle": label(bundle), **record})
            for batch in plan.batches:
                for way in ways(bundle, args.device):
                    if time.perf_counter() > end:
                        left += 1
                        continue
                    for row in measure_way(way, bundle, batch, plan.seconds, peaks.get(way.precision, peaks["fp32"])):
                        rows.add(row)
    rows.add({"rows_left_for_lack_of_time": left, "cores_taken_by_others": others.cores()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", type=Path, nargs="+", help="with fp32 and, for a GPU, fp16 graphs")
    parser.add_argument("--device", choices=DEVICES, default="cuda")
    parser.add_argument("--quick", action="store_true", help="small batches and products, short times: a test")
    parser.add_argument("--seconds", type=float, default=200.0, help="for all rows together (default: 200)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder of the dated results")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    result = args.out / f"{datetime.date.today():%Y-%m-%d}-gpu"
    rows = Rows(result.with_suffix(".jsonl"))
    try:
        run(args, QUICK if args.quick else FULL, rows)
    finally:
        rows.close()
        note = "A quick run on a busy machine proves the script, not a speed.\n\n" if args.quick else ""
        title = f"# Runtimes beside torch.compile on {args.device}, {datetime.date.today():%Y-%m-%d}\n\n"
        machine_line = json.dumps(rows.records[0] if rows.records else {}, ensure_ascii=False)
        result.with_suffix(".md").write_text(f"{title}{note}`{machine_line}`\n\n{rows.table()}\n", encoding="utf-8")
    print(f"wrote {result}.jsonl and {result}.md")


if __name__ == "__main__":
    main()
