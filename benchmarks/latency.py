"""How long does one batch take, by batch size, backend and precision, beside the methods of today?

    python benchmarks make_bundle --out runs/r50
    python benchmarks/latency.py runs/r50/bundle --plot latency.png

Today's methods: the original programs (PyTorch eager, the whole network once per attribute), PyTorch fused (all
attributes in one pass) eager and by ``torch.compile``, and ONNX Runtime on the original program exported as it is. They
need the checkpoint that the bundle was made of: the folder ``checkpoint`` beside it, or ``--checkpoint``. Batches are
photos of the bundle's reference, and every answer is compared with the reference. The last table splits the time of one
JPEG file. A method that cannot run here has an empty row with the reason.

Each row is printed as a line of JSON when it is measured, and the tables at the end. An interrupted run prints the rows
that it has, with fewer calls.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fashionsdk._tools.progress import progress_bar
from fashionsdk.backends import available_cpus
from fashionsdk.bundle import Bundle
from harness.answers import ReferenceBatch
from harness.measure import Latency
from harness.plots import bars
from harness.tables import json_lines, show, table
from harness.this_machine import OtherLoad, machine
from methods.embedding_methods import (
    BARE,
    DEVICES,
    ORIGINAL,
    Method,
    ReadyMethod,
    RemoteMethod,
    bare_session,
    sdk_methods,
    time_all,
)
from methods.existing_methods import existing_methods, find_checkpoint
from methods.time_split import PHOTO_SIDE, Split, measure_split, split_table

PACKAGES = ("fashionsdk", "torch", "timm", "onnxruntime", "onnxruntime-gpu", "openvino", "tensorrt", "numpy")
HEADER = (
    "method",
    "device",
    "precision",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "ms a photo",
    "original program ÷ this",
    "cosine",
    "calls",
)
OURS = ("fashionsdk, onnxruntime", "cpu", "fp32")


@dataclass(frozen=True)
class Row:
    """One method at one batch size: its times and smallest cosine to the reference, or the reason why it has none."""

    method: Method
    batch_size: int | None  # None: no batch could be tried
    reason: str = ""
    latency: Latency | None = None
    cosine: float | None = None

    @property
    def photo_milliseconds(self) -> float:
        """Median milliseconds of a photo."""
        assert self.latency is not None, "a row without times has none of a photo"
        assert self.batch_size, "only a batch has times"
        return self.latency.p50 / self.batch_size

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        named = {"method": self.method.name, "device": self.method.device, "precision": self.method.precision}
        size = {"batch_size": self.batch_size}
        if self.latency is None:
            return {**named, **size, "reason": self.reason}
        return {**named, **size, "unit": "ms", **asdict(self.latency), "smallest_cosine": self.cosine}


def measure_batch(loaded: Sequence[RemoteMethod], batch: ReferenceBatch, seconds: float) -> list[Row]:
    """Time every method that runs on ``batch``, in turn, compare every answer with the reference, and show each row."""
    tried = {
        remote.method.label: (remote.method, remote.start(batch))
        for remote in progress_bar(loaded, "first calls", None, "method")
    }
    size = len(batch.images)
    failed = {
        label: Row(method, size, one) for label, (method, one) in tried.items() if not isinstance(one, ReadyMethod)
    }
    for row in failed.values():
        show(row.to_json())

    def measured(label: str, times: Latency, cosine: float) -> None:
        show(Row(tried[label][0], size, "", times, cosine).to_json())

    ready = {label: one for label, (_, one) in tried.items() if isinstance(one, ReadyMethod)}
    times = time_all(ready, seconds, measured)
    return [failed.get(label) or Row(method, size, "", *times[label]) for label, (method, _) in tried.items()]


def ratios(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the ratios that the project promises, by batch size: of medians of this run."""
    records: list[dict[str, Any]] = []
    for size in dict.fromkeys(row.batch_size for row in rows if row.batch_size is not None):
        medians = {
            (row.method.name, row.method.device, row.method.precision): row.latency.p50
            for row in rows
            if row.batch_size == size and row.latency is not None
        }
        original, ours, bare = (medians.get(key) for key in ((ORIGINAL, "cpu", "fp32"), OURS, (BARE, "cpu", "fp32")))
        mine = {key: value for key, value in medians.items() if key[0].startswith("fashionsdk") and key[1] == "cpu"}
        fastest = min(mine, key=lambda key: mine[key], default=None)
        if original and ours and fastest:
            records.append(_ratio("original program ÷ fused FP32 in ONNX Runtime", size, original / ours))
            name = f"original program ÷ fastest on the CPU ({fastest[0]}, {fastest[2]})"
            records.append(_ratio(name, size, original / mine[fastest]))
        if ours and bare:
            records.append(_ratio("Embedder.embed ÷ bare session", size, ours / bare))
    return records


def _ratio(name: str, batch_size: int, value: float) -> dict[str, Any]:
    return {"ratio": name, "batch_size": batch_size, "value": round(value, 3)}


def report(rows: Sequence[Row]) -> str:
    """Return the markdown tables, one for each device and batch size."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        title = "nothing runs here" if row.batch_size is None else f"batch {row.batch_size}"
        groups.setdefault(f"### {row.method.device}, {title}", []).append(row)
    return "\n".join(f"{title}\n\n{table(HEADER, _cells(group))}\n" for title, group in groups.items())


def _cells(rows: Sequence[Row]) -> list[list[str]]:
    original = next(
        (row.latency for row in rows if (row.method.name, row.method.precision) == (ORIGINAL, "fp32")), None
    )
    cells = []
    for row in rows:
        named, times = [row.method.name, row.method.device, row.method.precision], row.latency
        if times is None:
            cells.append([*named, "", "", "", "", "", "", row.reason])
            continue
        faster = "" if original is None else f"{original.p50 / times.p50:.2f}"
        milliseconds = [f"{value:.2f}" for value in (times.p50, times.p95, times.p99, row.photo_milliseconds)]
        cells.append([*named, *milliseconds, faster, f"{row.cosine:.6f}", str(times.calls)])
    return cells


def draw(rows: Sequence[Row], title: str, path: Path) -> None:
    """Draw the medians a photo of everything that ran."""
    groups: dict[str, dict[str, float]] = {}
    for row in rows:
        if row.latency is not None:
            bar = groups.setdefault(row.method.label, {})
            bar[f"batch {row.batch_size}"] = row.photo_milliseconds
    bars(path, title, groups, "median milliseconds a photo, all attributes (logarithmic; shorter is better)", log=True)


def load_methods(
    device: str, bundle: Bundle, load: Callable[[], Any], threads: int, batch_size: int
) -> list[RemoteMethod]:
    """Load every method on a device."""
    own = [method.method(bundle, threads, batch_size) for method in sdk_methods(device)]
    methods = [*existing_methods(load, device, threads), *own]
    if device == "cpu":
        methods.append(bare_session(bundle, threads))
    return [RemoteMethod(method) for method in progress_bar(methods, f"loading, {device}", None, "method")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="default: the folder checkpoint beside the bundle")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--devices", nargs="+", choices=DEVICES, default=list(DEVICES))
    parser.add_argument("--threads", type=int, default=available_cpus(), help="of every method on the CPU")
    parser.add_argument("--seconds", type=float, default=10.0, help="of measuring for each method and batch size")
    parser.add_argument("--plot", type=Path, help="PNG file to write")
    args = parser.parse_args()
    bundle, others = Bundle.open(args.bundle), OtherLoad()
    load, reference = find_checkpoint(bundle, args.checkpoint), bundle.reference()
    rows: list[Row] = []
    splits: list[Split] = []
    for device in args.devices:
        loaded = load_methods(device, bundle, load, args.threads, max(args.batch_sizes))
        if all(remote.reason for remote in loaded):
            rows += (none := [Row(remote.method, None, remote.reason) for remote in loaded])
            for row in none:
                show(row.to_json())
            continue
        for size in args.batch_sizes:
            rows += measure_batch(loaded, ReferenceBatch(reference, size), args.seconds)
        splits += measure_split(bundle, device, args.threads, args.seconds)
    print(
        f"{report(rows)}\n### one photo of {PHOTO_SIDE} x {PHOTO_SIDE} pixels, milliseconds\n\n{split_table(splits)}\n"
    )
    print(json_lines([*(split.to_json() for split in splits), *ratios(rows)]))
    print(json_lines([{"threads": args.threads, "cores_taken_by_others": others.cores(), **machine(*PACKAGES)}]))
    if args.plot:
        model, shape = bundle.manifest.model, bundle.manifest.preprocessing.shape
        title = f"{model.architecture}, {model.backbone}, {shape[0]}x{shape[1]} px, "
        draw(rows, f"{title}{len(bundle.manifest.attributes)} attributes, {args.threads} threads", args.plot)


if __name__ == "__main__":
    main()
