"""What share of the machine's arithmetic does the graph reach, against the best matrix product of any library?

    python benchmarks/peak.py runs/r50/bundle --plot peak.png

The peak is the fastest median of square products by numpy, torch, ONNX Runtime and OpenVINO (on CUDA: torch), in this
run. The graph's operations are counted from its ONNX file, two per multiply-add of convolutions and matrix products.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from fashionsdk.backends import available_cpus
from fashionsdk.bundle import Bundle
from harness.answers import ReferenceBatch
from harness.measure import Burst, measure_for
from harness.plots import bars
from harness.separate_process import RemoteError, RemoteObject
from harness.tables import json_lines, table
from harness.this_machine import OtherLoad, machine
from methods.embedding_methods import DEVICES, RemoteMethod, reason, sdk_methods
from methods.graph_flops import count_flops
from methods.matrix_products import LIBRARIES, Product

PACKAGES = ("fashionsdk", "numpy", "torch", "onnxruntime", "openvino", "tensorrt")
PRECISIONS = {"cpu": ("fp32",), "cuda": ("fp32", "fp16")}
HEADER = ("what", "device", "precision", "GFLOP", "median ms", "GFLOP/s", "share of the peak", "calls")


@dataclass(frozen=True)
class Row:
    """One product or graph: its operations, times and speed, or the reason why it has none."""

    what: str
    device: str
    precision: str
    kind: str
    flops: int = 0
    milliseconds: float = 0.0
    calls: int = 0
    share: float | None = None
    reason: str = ""

    @property
    def speed(self) -> float:
        """GFLOP/s."""
        return self.flops / self.milliseconds / 1e6

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        named = {self.kind: self.what, "device": self.device, "precision": self.precision}
        if self.reason:
            return {**named, "reason": self.reason}
        figures = {"gflop": self.flops / 1e9, "p50_ms": self.milliseconds, "gflop_per_second": round(self.speed, 2)}
        return {**named, **figures, "share_of_peak": self.share, "calls": self.calls}

    def cells(self) -> list[str]:
        """Return the row of the table."""
        named = [self.what, self.device, self.precision]
        if self.reason:
            return [*named, "", "", "", "", self.reason]
        share = "" if self.share is None else f"{self.share:.3f}"
        return [
            *named,
            f"{self.flops / 1e9:.2f}",
            f"{self.milliseconds:.2f}",
            f"{self.speed:.1f}",
            share,
            str(self.calls),
        ]


@dataclass(frozen=True)
class Work:
    """Something to time: its row without figures, and the burst that calls it."""

    row: Row
    burst: Burst


def product_works(device: str, precision: str, sizes: Sequence[int], threads: int) -> tuple[list[Work], list[Row]]:
    """Return the matrix products of every library and size, and rows without figures for those that cannot run."""
    works, missing = [], []
    for library, size in product(LIBRARIES[device], sizes):
        row = Row(f"{library}, {size} x {size}", device, precision, "product", 2 * size**3)
        try:
            remote = RemoteObject(partial(Product, library, device, precision, size, threads))
        except RemoteError as error:  # a library that is missing, or a device
            missing.append(replace(row, reason=reason(error)))
            continue
        works.append(Work(row, partial(remote.call, "burst")))
    return works, missing


def graph_works(
    bundle: Bundle, device: str, precision: str, sizes: Sequence[int], threads: int
) -> tuple[list[Work], list[Row]]:
    """Return the graph in every runtime and batch size, and rows without figures for those that cannot run."""
    works, missing = [], []
    reference, path = bundle.reference(), bundle.graph_path("fp32")
    for one in (one for one in sdk_methods(device) if one.precision == precision):
        remote = RemoteMethod(one.method(bundle, threads, max(sizes)))
        for size in sizes:
            flops = count_flops(path, size).total()
            row = Row(f"{one.name}, batch {size}", device, precision, "graph", flops)
            ready = remote.start(ReferenceBatch(reference, size))
            if isinstance(ready, str):
                missing.append(replace(row, reason=ready))
            else:
                works.append(Work(row, ready.burst))
    return works, missing


def timed(works: Sequence[Work], seconds: float) -> list[Row]:
    """Time everything in turn; the share is that of the fastest product of the same device and precision."""
    by_label = {f"{work.row.what}, {work.row.device}, {work.row.precision}": work for work in works}
    times = measure_for({label: work.burst for label, work in by_label.items()}, seconds)
    rows = [
        replace(work.row, milliseconds=times[label].p50, calls=times[label].calls) for label, work in by_label.items()
    ]
    return [replace(row, share=_share(row, rows)) for row in rows]


def _share(row: Row, rows: Sequence[Row]) -> float:
    alike = [one for one in rows if (one.device, one.precision, one.kind) == (row.device, row.precision, "product")]
    return round(row.speed / max(one.speed for one in alike), 4)


def gather(
    bundle: Bundle, devices: Sequence[str], sizes: Sequence[int], batch_sizes: Sequence[int], threads: int
) -> tuple[list[Work], list[Row]]:
    """Return all that can be timed, and rows without figures for the rest."""
    works: list[Work] = []
    missing: list[Row] = []
    for device in devices:
        for precision in PRECISIONS[device]:
            products, absent = product_works(device, precision, sizes, threads)
            missing += absent
            if products:  # without a peak, no share of it
                graphs, absent = graph_works(bundle, device, precision, batch_sizes, threads)
                works, missing = works + products + graphs, missing + absent
    return works, missing


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1024, 2048, 4096], help="of the matrices")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--devices", nargs="+", choices=DEVICES, default=list(DEVICES))
    parser.add_argument("--threads", type=int, default=available_cpus())
    parser.add_argument("--seconds", type=float, default=10.0, help="of measuring for each row")
    parser.add_argument("--plot", type=Path, help="PNG file to write")
    args = parser.parse_args()
    bundle, others = Bundle.open(args.bundle), OtherLoad()
    works, missing = gather(bundle, args.devices, args.sizes, args.batch_sizes, args.threads)
    rows = timed(works, args.seconds)  # none without a library that computes: then there is no peak
    print(table(HEADER, [row.cells() for row in [*rows, *missing]]))
    print(json_lines([row.to_json() for row in [*rows, *missing]]))
    print(json_lines([{"threads": args.threads, "cores_taken_by_others": others.cores(), **machine(*PACKAGES)}]))
    if not rows:
        raise SystemExit("no library computes a matrix product here, so there is no peak; the table has the reasons")
    if args.plot:
        speeds = {f"{row.what}, {row.precision}": {"GFLOP/s": row.speed} for row in rows}
        bars(args.plot, f"{bundle.manifest.model.backbone} beside matrix products", speeds, "GFLOP/s")


if __name__ == "__main__":
    main()
