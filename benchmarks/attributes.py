"""What do more attributes cost? A graph for each number of attributes, timed in turn, beside the methods of today.

    python benchmarks/attributes.py --plot attributes.png
    python benchmarks/attributes.py --recipe asen_paper --counts 1 8 64 --out runs/attributes

The networks have random weights: those of the network with the most attributes, or of its first few attributes.
Exporting one takes a minute; with ``--out`` the bundles stay there for the next run. Methods whose cost grows with
every attribute are measured up to ``--today-up-to`` attributes. The dashed line of the plot is the original program's
first point times the number of attributes: computed, not measured.
"""

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from fashionsdk._tools.progress import progress_bar
from fashionsdk.backends import available_cpus
from fashionsdk.bundle import Bundle
from fashionsdk.errors import BundleError
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli import add_input_options, with_input
from fashionsdk_training.models import build_model
from fashionsdk_training.recipes import RECIPES
from harness.answers import ReferenceBatch
from harness.measure import Latency
from harness.plots import lines
from harness.tables import json_lines, table
from harness.this_machine import OtherLoad, machine
from inputs.make_bundle import random_checkpoint
from methods.embedding_methods import ORIGINAL, ReadyMethod, RemoteMethod, SDKMethod, time_all
from methods.existing_methods import existing_methods

OURS = SDKMethod("cpu", "onnxruntime", "fp32")
PACKAGES = ("fashionsdk", "torch", "timm", "onnxruntime")
HEADER = ("method", "attributes", "batch", "p50 ms", "p95 ms", "p99 ms", "÷ its first row", "cosine", "calls")


@dataclass(frozen=True)
class Row:
    """One method with a number of attributes: its times and smallest cosine, or the reason why it has none."""

    method: str
    attributes: int
    batch_size: int
    reason: str = ""
    latency: Latency | None = None
    cosine: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        named = {"method": self.method, "attributes": self.attributes, "batch_size": self.batch_size}
        if self.latency is None:
            return {**named, "reason": self.reason}
        return {**named, "unit": "ms", **asdict(self.latency), "smallest_cosine": self.cosine}


def first_attributes(checkpoint: Checkpoint, count: int) -> Checkpoint:
    """Return the checkpoint with the parameters of its first ``count`` attributes only."""
    config = replace(checkpoint.model, values=checkpoint.model.values[:count])
    shapes = {key: tuple(map(slice, value.shape)) for key, value in build_model(config, count).state_dict().items()}
    weights = {key: checkpoint.weights[key][slices].clone() for key, slices in shapes.items()}
    return replace(checkpoint, model=config, attributes=checkpoint.attributes[:count], weights=weights)


def bundle_of(checkpoint: Checkpoint, path: Path) -> Bundle:
    """Return the checkpoint's bundle, exported unless it is there already."""
    try:
        bundle = Bundle.open(path)
    except BundleError:
        bundle = None
    if bundle is None or bundle.manifest.model.digest != checkpoint.digest:
        bundle = build_bundle(checkpoint, path, overwrite=bundle is not None).bundle
    return bundle


def load_methods(
    checkpoints: Mapping[int, Checkpoint], bundles: Mapping[int, Bundle], threads: int, batch_size: int, today: int
) -> list[tuple[int, RemoteMethod]]:
    """Load every method for every number of attributes: the SDK's for all, today's up to ``today``."""
    methods = [(count, OURS.method(bundle, threads, batch_size)) for count, bundle in bundles.items()]
    for count, checkpoint in checkpoints.items():
        if count <= today:
            methods += [(count, method) for method in existing_methods(partial(replace, checkpoint), "cpu", threads)]
    return [(count, RemoteMethod(method)) for count, method in progress_bar(methods, "loading", None, "method")]


def measure_all(
    loaded: Sequence[tuple[int, RemoteMethod]], bundles: Mapping[int, Bundle], batch_size: int, seconds: float
) -> list[Row]:
    """Time every method and number of attributes in turn."""
    batches = {count: ReferenceBatch(bundle.reference(), batch_size) for count, bundle in bundles.items()}
    tried = {
        f"{remote.method.name}, {count}": (remote.method.name, count, remote.start(batches[count]))
        for count, remote in progress_bar(loaded, "first calls", None, "method")
    }
    times = time_all({label: one for label, (_, _, one) in tried.items() if isinstance(one, ReadyMethod)}, seconds)
    return [
        Row(name, count, batch_size, "", *times[label]) if label in times else Row(name, count, batch_size, str(one))
        for label, (name, count, one) in tried.items()
    ]


def cells(rows: Sequence[Row]) -> list[list[str]]:
    """Return the rows of the table; the ratio is to the same method and batch with the fewest attributes."""
    first: dict[tuple[str, int], float] = {}
    table_rows = []
    for row in rows:
        named, times = [row.method, str(row.attributes), str(row.batch_size)], row.latency
        if times is None:
            table_rows.append([*named, "", "", "", "", "", row.reason])
            continue
        base = first.setdefault((row.method, row.batch_size), times.p50)
        milliseconds = [f"{value:.2f}" for value in (times.p50, times.p95, times.p99)]
        table_rows.append([*named, *milliseconds, f"{times.p50 / base:.3f}", f"{row.cosine:.6f}", str(times.calls)])
    return table_rows


def ratios(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the SDK's cost of every number of attributes ÷ its cost of the fewest."""
    ours = [(row, row.latency.p50) for row in rows if row.method == OURS.name and row.latency is not None]
    first = {row.batch_size: (row.attributes, p50) for row, p50 in reversed(ours)}
    return [
        {
            "ratio": f"cost of {row.attributes} attributes ÷ cost of {first[row.batch_size][0]}",
            "batch_size": row.batch_size,
            "value": round(p50 / first[row.batch_size][1], 3),
        }
        for row, p50 in ours
    ]


def draw(rows: Sequence[Row], title: str, path: Path) -> None:
    """Draw the medians of the first batch size over the number of attributes."""
    size = rows[0].batch_size
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if row.latency is not None and row.batch_size == size:
            series.setdefault(row.method, []).append((row.attributes, row.latency.p50))
    counts = sorted({row.attributes for row in rows})
    dashed = {}
    if ORIGINAL in series:
        count, median = series[ORIGINAL][0]
        label = f"{ORIGINAL} of {count} × attributes: computed, not measured"  # noqa: RUF001
        dashed[label] = [(many, median / count * many) for many in counts]
    labels = ("attributes", f"median milliseconds of a batch of {size} (logarithmic)")
    lines(path, title, series, labels, log_y=True, dashed=dashed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="asen_v2_paper")
    add_input_options(parser)
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64, 128])
    parser.add_argument("--today-up-to", type=int, default=8, help="attributes of today's methods")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--threads", type=int, default=available_cpus())
    parser.add_argument("--seconds", type=float, default=5.0, help="of measuring for each row")
    parser.add_argument("--out", type=Path, help="folder that keeps the bundles; default: they are not kept")
    parser.add_argument("--plot", type=Path, help="PNG file to write")
    args = parser.parse_args()
    config, counts, others = with_input(RECIPES[args.recipe](), args), sorted(args.counts), OtherLoad()
    most = random_checkpoint(config, counts[-1], config.side)
    checkpoints = {count: first_attributes(most, count) for count in counts}
    with tempfile.TemporaryDirectory(prefix="fashionsdk-attributes-") as folder:
        out = args.out or Path(folder)
        bundles = {
            count: bundle_of(checkpoint, out / f"{args.recipe}-{count}")
            for count, checkpoint in progress_bar(list(checkpoints.items()), "exporting", None, "bundle")
        }
        loaded = load_methods(checkpoints, bundles, args.threads, max(args.batch_sizes), args.today_up_to)
        rows = [row for size in args.batch_sizes for row in measure_all(loaded, bundles, size, args.seconds)]
    print(table(HEADER, cells(rows)))
    print(json_lines([row.to_json() for row in rows] + ratios(rows)))
    print(json_lines([{"threads": args.threads, "cores_taken_by_others": others.cores(), **machine(*PACKAGES)}]))
    if args.plot:
        draw(rows, f"{config.model.architecture}, {config.model.backbone}, {args.threads} threads", args.plot)


if __name__ == "__main__":
    main()
