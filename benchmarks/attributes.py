"""What do more attributes cost? A graph for each number of attributes, timed in turn, beside what users have today.

    python benchmarks/attributes.py --plot attributes.png
    python benchmarks/attributes.py --recipe asen_paper --counts 1 8 64 --out runs/attributes

The networks have random weights and share them: the one for a few attributes is the one for the most, cut. Exporting
them takes a minute each; with ``--out`` the bundles stay there for the next run. Ways that pay for every attribute
are measured up to ``--today-up-to`` attributes; the dashed line of the plot is the original way's first point times the
number of attributes, computed, not measured.
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
from fashionsdk_training.models import build_model
from fashionsdk_training.recipes import RECIPES
from harness.measure import Latency, Others, machine
from harness.plots import lines
from harness.tables import json_lines, table
from prepare.make_bundle import random_checkpoint
from ways.embedding_ways import ORIGINAL, Batch, Candidate, Ours, Started, time_all
from ways.todays_ways import today_ways

OURS = Ours("cpu", "onnxruntime", "fp32")
PACKAGES = ("fashionsdk", "torch", "timm", "onnxruntime")
HEADER = ("way", "attributes", "batch", "p50 ms", "p95 ms", "p99 ms", "÷ its first row", "cosine", "calls")


@dataclass(frozen=True)
class Row:
    """One way with a number of attributes: its times and smallest cosine, or the reason why it has none."""

    way: str
    attributes: int
    batch_size: int
    reason: str = ""
    latency: Latency | None = None
    cosine: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        named = {"way": self.way, "attributes": self.attributes, "batch_size": self.batch_size}
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
    if bundle is None or bundle.manifest.model.digest != checkpoint.revision:
        bundle = build_bundle(checkpoint, path, overwrite=bundle is not None).bundle
    return bundle


def candidates(
    checkpoints: Mapping[int, Checkpoint], bundles: Mapping[int, Bundle], threads: int, batch_size: int, today: int
) -> list[tuple[int, Candidate]]:
    """Load every way for every number of attributes: ours for all, today's up to ``today``."""
    ways = [(count, OURS.way(bundle, threads, batch_size)) for count, bundle in bundles.items()]
    for count, checkpoint in checkpoints.items():
        if count <= today:
            ways += [(count, way) for way in today_ways(partial(replace, checkpoint), "cpu", threads)]
    return [(count, Candidate(way)) for count, way in progress_bar(ways, "loading", None, "way")]


def measure_all(
    loaded: Sequence[tuple[int, Candidate]], bundles: Mapping[int, Bundle], batch_size: int, seconds: float
) -> list[Row]:
    """Time every way and number of attributes in turn."""
    batches = {count: Batch(bundle.reference(), batch_size) for count, bundle in bundles.items()}
    tried = {
        f"{candidate.way.name}, {count}": (candidate.way.name, count, candidate.start(batches[count]))
        for count, candidate in progress_bar(loaded, "first calls", None, "way")
    }
    times = time_all({label: one for label, (_, _, one) in tried.items() if isinstance(one, Started)}, seconds)
    return [
        Row(name, count, batch_size, "", *times[label]) if label in times else Row(name, count, batch_size, str(one))
        for label, (name, count, one) in tried.items()
    ]


def cells(rows: Sequence[Row]) -> list[list[str]]:
    """Return the rows of the table; the ratio is to the same way and batch with the fewest attributes."""
    first: dict[tuple[str, int], float] = {}
    found = []
    for row in rows:
        named, times = [row.way, str(row.attributes), str(row.batch_size)], row.latency
        if times is None:
            found.append([*named, "", "", "", "", "", row.reason])
            continue
        base = first.setdefault((row.way, row.batch_size), times.p50)
        milliseconds = [f"{value:.2f}" for value in (times.p50, times.p95, times.p99)]
        found.append([*named, *milliseconds, f"{times.p50 / base:.3f}", f"{row.cosine:.6f}", str(times.calls)])
    return found


def ratios(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the cost of every number of attributes ÷ the cost of the fewest, ours."""
    ours = [row for row in rows if row.way == OURS.name and row.latency is not None]
    first = {row.batch_size: row for row in reversed(ours)}
    return [
        {
            "ratio": f"cost of {row.attributes} attributes ÷ cost of {first[row.batch_size].attributes}",
            "batch_size": row.batch_size,
            "value": round(row.latency.p50 / first[row.batch_size].latency.p50, 3),
        }
        for row in ours
    ]


def draw(rows: Sequence[Row], title: str, path: Path) -> None:
    """Draw the medians of the first batch size over the number of attributes."""
    size, series = rows[0].batch_size, {}
    for row in rows:
        if row.latency is not None and row.batch_size == size:
            series.setdefault(row.way, []).append((row.attributes, row.latency.p50))
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
    parser.add_argument("--side", type=int, help="S; default: the recipe's")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64, 128])
    parser.add_argument("--today-up-to", type=int, default=8, help="attributes of the ways of today")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--threads", type=int, default=available_cpus())
    parser.add_argument("--seconds", type=float, default=5.0, help="of measuring for each row")
    parser.add_argument("--out", type=Path, help="folder that keeps the bundles; default: they are not kept")
    parser.add_argument("--plot", type=Path, help="PNG file to write")
    args = parser.parse_args()
    config, counts, others = RECIPES[args.recipe](), sorted(args.counts), Others()
    most = random_checkpoint(config, counts[-1], args.side or config.side)
    checkpoints = {count: first_attributes(most, count) for count in counts}
    with tempfile.TemporaryDirectory(prefix="fashionsdk-attributes-") as folder:
        out = args.out or Path(folder)
        bundles = {
            count: bundle_of(checkpoint, out / f"{args.recipe}-{count}")
            for count, checkpoint in progress_bar(list(checkpoints.items()), "exporting", None, "bundle")
        }
        loaded = candidates(checkpoints, bundles, args.threads, max(args.batch_sizes), args.today_up_to)
        rows = [row for size in args.batch_sizes for row in measure_all(loaded, bundles, size, args.seconds)]
    print(table(HEADER, cells(rows)))
    print(json_lines([row.to_json() for row in rows] + ratios(rows)))
    print(json_lines([{"threads": args.threads, "cores_taken_by_others": others.cores(), **machine(*PACKAGES)}]))
    if args.plot:
        draw(rows, f"{config.model.architecture}, {config.model.backbone}, {args.threads} threads", args.plot)


if __name__ == "__main__":
    main()
