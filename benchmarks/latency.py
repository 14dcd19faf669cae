"""How long does one batch take, by batch size, backend and precision, beside what users have today?

    python benchmarks make_bundle --out runs/r50
    python benchmarks/latency.py runs/r50/bundle --plot latency.png

Today's ways: the original programs' (PyTorch eager, the whole network once per attribute), PyTorch fused (all
attributes in one pass) eager and by ``torch.compile``, and ONNX Runtime on the original program exported as it is. They
need the checkpoint that the bundle was made of: the folder ``checkpoint`` beside it, or ``--checkpoint``. Batches are
photos of the bundle's reference, and every answer is compared with the reference's. The last table splits one photo, a
JPEG. What cannot run here keeps its row, empty, with the reason.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fashionsdk._tools.progress import progress_bar
from fashionsdk.backends import available_cpus
from fashionsdk.bundle import Bundle
from harness.measure import Latency, Others, machine
from harness.plots import bars
from harness.tables import json_lines, table
from harness.time_split import PHOTO, Split, measure_split, split_table
from ways.embedding_ways import BARE, DEVICES, ORIGINAL, Batch, Candidate, Started, Way, bare_session, ours, time_all
from ways.todays_ways import find_checkpoint, today_ways

PACKAGES = ("fashionsdk", "torch", "timm", "onnxruntime", "onnxruntime-gpu", "openvino", "tensorrt", "numpy")
HEADER = (
    "way",
    "device",
    "precision",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "ms a photo",
    "original way ÷ this",
    "cosine",
    "calls",
)
OURS = ("fashionsdk, onnxruntime", "cpu", "fp32")


@dataclass(frozen=True)
class Row:
    """One way at one batch size: its times and smallest cosine to the reference, or the reason why it has none."""

    way: Way
    batch_size: int | None  # None: no batch could be tried
    reason: str = ""
    latency: Latency | None = None
    cosine: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        named = {"way": self.way.name, "device": self.way.device, "precision": self.way.precision}
        size = {"batch_size": self.batch_size}
        if self.latency is None:
            return {**named, **size, "reason": self.reason}
        return {**named, **size, "unit": "ms", **asdict(self.latency), "smallest_cosine": self.cosine}


def measure_batch(candidates: Sequence[Candidate], batch: Batch, seconds: float) -> list[Row]:
    """Time every candidate that runs on ``batch``, in turn, and compare every answer with the reference's."""
    tried = {
        candidate.way.label: (candidate.way, candidate.start(batch))
        for candidate in progress_bar(candidates, "first calls", None, "way")
    }
    times = time_all({label: one for label, (_, one) in tried.items() if isinstance(one, Started)}, seconds)
    size = len(batch.images)
    return [
        Row(way, size, "", *times[label]) if label in times else Row(way, size, str(one))
        for label, (way, one) in tried.items()
    ]


def ratios(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return what the project promises, by batch size, each a ratio of medians of this run."""
    found: list[dict[str, Any]] = []
    for size in dict.fromkeys(row.batch_size for row in rows if row.batch_size is not None):
        medians = {
            (row.way.name, row.way.device, row.way.precision): row.latency.p50
            for row in rows
            if row.batch_size == size and row.latency is not None
        }
        original, ours, bare = (medians.get(key) for key in ((ORIGINAL, "cpu", "fp32"), OURS, (BARE, "cpu", "fp32")))
        mine = {key: value for key, value in medians.items() if key[0].startswith("fashionsdk") and key[1] == "cpu"}
        fastest = min(mine, key=lambda key: mine[key], default=None)
        if original and ours and fastest:
            found.append(_ratio("original way ÷ fused FP32 in ONNX Runtime", size, original / ours))
            found.append(
                _ratio(
                    f"original way ÷ fastest on the CPU ({fastest[0]}, {fastest[2]})", size, original / mine[fastest]
                )
            )
        if ours and bare:
            found.append(_ratio("Embedder.embed ÷ bare session", size, ours / bare))
    return found


def _ratio(name: str, batch_size: int, value: float) -> dict[str, Any]:
    return {"ratio": name, "batch_size": batch_size, "value": round(value, 3)}


def report(rows: Sequence[Row]) -> str:
    """Return the markdown tables, one for each device and batch size."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        title = "nothing runs here" if row.batch_size is None else f"batch {row.batch_size}"
        groups.setdefault(f"### {row.way.device}, {title}", []).append(row)
    return "\n".join(f"{title}\n\n{table(HEADER, _cells(group))}\n" for title, group in groups.items())


def _cells(rows: Sequence[Row]) -> list[list[str]]:
    original = {row.way.device: row.latency for row in rows if (row.way.name, row.way.precision) == (ORIGINAL, "fp32")}
    cells = []
    for row in rows:
        named, times, base = (
            [row.way.name, row.way.device, row.way.precision],
            row.latency,
            original.get(row.way.device),
        )
        if times is None:
            cells.append([*named, "", "", "", "", "", "", row.reason])
            continue
        faster = "" if base is None else f"{base.p50 / times.p50:.2f}"
        milliseconds = [f"{value:.2f}" for value in (times.p50, times.p95, times.p99, times.p50 / row.batch_size)]
        cells.append([*named, *milliseconds, faster, f"{row.cosine:.6f}", str(times.calls)])
    return cells


def draw(rows: Sequence[Row], title: str, path: Path) -> None:
    """Draw the medians a photo of everything that ran."""
    groups: dict[str, dict[str, float]] = {}
    for row in rows:
        if row.latency is not None:
            bar = groups.setdefault(row.way.label, {})
            bar[f"batch {row.batch_size}"] = row.latency.p50 / row.batch_size
    bars(path, title, groups, "median milliseconds a photo, all attributes (logarithmic; shorter is better)", log=True)


def candidates_on(
    device: str, bundle: Bundle, load: Callable[[], Any], threads: int, batch_size: int
) -> list[Candidate]:
    """Load every way on a device."""
    ways = [*today_ways(load, device, threads), *(one.way(bundle, threads, batch_size) for one in ours(device))]
    if device == "cpu":
        ways.append(bare_session(bundle, threads))
    return [Candidate(way) for way in progress_bar(ways, f"loading, {device}", None, "way")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="default: the folder checkpoint beside the bundle")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--devices", nargs="+", choices=DEVICES, default=list(DEVICES))
    parser.add_argument("--threads", type=int, default=available_cpus(), help="of every way on the CPU")
    parser.add_argument("--seconds", type=float, default=10.0, help="of measuring for each way and batch size")
    parser.add_argument("--plot", type=Path, help="PNG file to write")
    args = parser.parse_args()
    bundle, others = Bundle.open(args.bundle), Others()
    load, reference = find_checkpoint(bundle, args.checkpoint), bundle.reference()
    rows: list[Row] = []
    splits: list[Split] = []
    for device in args.devices:
        candidates = candidates_on(device, bundle, load, args.threads, max(args.batch_sizes))
        if all(candidate.reason for candidate in candidates):
            rows += [Row(candidate.way, None, candidate.reason) for candidate in candidates]
            continue
        for size in args.batch_sizes:
            rows += measure_batch(candidates, Batch(reference, size), args.seconds)
        splits += measure_split(bundle, device, args.threads, args.seconds)
    print(f"{report(rows)}\n### one photo of {PHOTO[0]} x {PHOTO[1]} pixels, milliseconds\n\n{split_table(splits)}\n")
    print(json_lines([record.to_json() for record in [*rows, *splits]] + ratios(rows)))
    print(json_lines([{"threads": args.threads, "cores_taken_by_others": others.cores(), **machine(*PACKAGES)}]))
    if args.plot:
        model = bundle.manifest.model
        title = f"{model.architecture}, {model.backbone}, {bundle.manifest.preprocessing.side} px, "
        draw(rows, f"{title}{len(bundle.manifest.attributes)} attributes, {args.threads} threads", args.plot)


if __name__ == "__main__":
    main()
