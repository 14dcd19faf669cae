"""How many photos a second, by concurrent callers, processes and reading threads, beside the methods of today?

    python benchmarks make_bundle --out runs/r50
    python benchmarks/throughput.py runs/r50/bundle --plot throughput.png

Callers are threads that share one Embedder, or processes with one each; ``threads`` are those that one inference
uses. Readers decode JPEGs in the threads of ``embed_many`` while the model runs. All setups take turns, ``--rounds``
times. Each round is printed as a line of JSON when it is done, and at the end a table with the median, the slowest and
the fastest round. Every answer is checked. Today's methods have one caller: their threads already use every core.
"""

import argparse
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fashionsdk._tools.progress import progress_bar
from fashionsdk.backends import available_cpus
from fashionsdk.bundle import Bundle
from harness.answers import ReferenceBatch
from harness.drawn_jpegs import drawn_jpeg
from harness.tables import json_lines, show, table
from harness.this_machine import OtherLoad, machine
from methods.concurrent_callers import Callers, ProcessCallers, Readers, ThreadCallers, share_embedder
from methods.embedding_methods import DEVICES, ORIGINAL, LoadedMethod, Method, SDKMethod, reason

PACKAGES = ("fashionsdk", "torch", "onnxruntime", "openvino", "numpy", "pillow")
HEADER = ("setup", "callers", "threads", "batch", "photos a second", "slowest", "fastest", "÷ the original program")
PHOTOS, PHOTO_SIDE = 16, 1000  # JPEG files that readers decode, and their pixels a side


@dataclass(frozen=True)
class Setup:
    """The callers, how they are started, and their photos a second in every round."""

    name: str
    callers: int
    threads: int
    batch_size: int
    start: Callable[[], Callers]
    rates: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Its name in a chart."""
        return f"{self.name}\n{self.callers} at once, {self.threads} threads each, batch {self.batch_size}"

    def round_to_json(self) -> dict[str, Any]:
        """Return the last round as JSON takes it, or why there is none."""
        if not self.rates:
            return self.to_json()
        return {**self._named(), "unit": "photos/s", "round": len(self.rates), "rate": self.rates[-1]}

    def _named(self) -> dict[str, Any]:
        return {
            "setup": self.name,
            "callers": self.callers,
            "threads": self.threads,
            "batch_size": self.batch_size,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the setup as JSON takes it."""
        if not self.rates:
            return {**self._named(), "reason": " ".join(self.reasons)}
        return {**self._named(), "unit": "photos/s", "median": statistics.median(self.rates), "rounds": self.rates}


def todays(bundle: Bundle, checkpoint: Path | None, device: str, threads: int, sizes: Sequence[int]) -> list[Setup]:
    """Return today's methods, one caller each, at every batch size."""
    from methods.existing_methods import existing_methods, find_checkpoint

    methods = existing_methods(find_checkpoint(bundle, checkpoint), device, threads)
    opened: dict[str, LoadedMethod] = {}

    def start(method: Method, size: int) -> Callers:
        loaded = opened[method.label] = opened.get(method.label) or LoadedMethod(method)
        batch = ReferenceBatch(bundle.reference(), size)
        loaded.start(batch)
        return ThreadCallers(loaded.call(size), batch, method.precision, 1)

    return [
        Setup(f"{method.name}, {method.precision}", 1, threads, size, partial(start, method, size))
        for method in methods
        for size in sizes
    ]


def shared(
    bundle: Bundle, method: SDKMethod, callers: Sequence[int], threads: int, sizes: Sequence[int]
) -> list[Setup]:
    """Return threads that share one Embedder."""
    name = f"one Embedder, {method.runtime}, {method.precision}"
    return [
        Setup(name, number, each, size, partial(share_embedder, bundle, method, each, size, number))
        for size in sizes
        for each in sorted({threads, 1}, reverse=True)
        for number in callers
    ]


def processes(
    bundle: Bundle, method: SDKMethod, callers: Sequence[int], threads: int, sizes: Sequence[int]
) -> list[Setup]:
    """Return processes with an Embedder each, which share the cores."""
    name = f"an Embedder a process, {method.runtime}, {method.precision}"
    each = {number: threads // number for number in callers if 1 < number <= threads}
    return [
        Setup(name, number, each[number], size, partial(ProcessCallers, bundle, method, each[number], size, number))
        for size in sizes
        for number in each
    ]


def readers(bundle: Bundle, method: SDKMethod, workers: Sequence[int], threads: int, size: int) -> list[Setup]:
    """Return ``embed_many`` on JPEG files, with several numbers of reading threads."""

    def start(number: int) -> Callers:
        photos = [drawn_jpeg(index, PHOTO_SIDE) for index in range(PHOTOS)]
        return Readers(method.embedder(bundle, threads, size), photos, size, number, method.precision)

    name = f"embed_many, reading threads, {method.runtime}, {method.precision}"
    return [Setup(name, number, threads, size, partial(start, number)) for number in workers]


def started(setups: Sequence[Setup]) -> Iterator[tuple[Setup, Callers]]:
    """Start every setup that can run; the others get a reason."""
    for setup in progress_bar(setups, "starting", None, "setup"):
        try:
            yield setup, setup.start()
        except Exception as error:  # a runtime may raise any error; the table says which
            setup.reasons.append(reason(error))
            show(setup.round_to_json())


def measure_all(setups: Sequence[Setup], rounds: int, seconds: float) -> None:
    """Let all setups run in turn, ``rounds`` times, and record their rates."""
    running: list[tuple[Setup, Callers]] = []
    with ExitStack() as closing:  # after an interrupt too: the process would wait for their threads
        for setup, callers in started(setups):
            closing.callback(callers.close)
            running.append((setup, callers))
        for setup, callers in progress_bar(running * rounds, "measuring", None, "round"):
            setup.rates.append(round(callers.run(seconds), 3))
            show(setup.round_to_json())


def cells(setups: Sequence[Setup]) -> list[list[str]]:
    """Return the rows of the table; the ratio is to the original program at its fastest batch size."""
    medians = {setup.label: statistics.median(setup.rates) for setup in setups if setup.rates}
    original = max((rate for label, rate in medians.items() if label.startswith(ORIGINAL)), default=None)
    table_rows = []
    for setup in setups:
        named = [setup.name, *map(str, (setup.callers, setup.threads, setup.batch_size))]
        if not setup.rates:
            table_rows.append([*named, "", "", "", " ".join(setup.reasons)])
            continue
        rates = [f"{rate:.2f}" for rate in (medians[setup.label], min(setup.rates), max(setup.rates))]
        table_rows.append([*named, *rates, "" if original is None else f"{medians[setup.label] / original:.2f}"])
    return table_rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--checkpoint", type=Path, help="default: the folder checkpoint beside the bundle")
    parser.add_argument("--device", choices=DEVICES, default="cpu")
    parser.add_argument("--runtime", default="onnxruntime")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 2, 4, 8], help="callers, and reading threads")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--threads", type=int, default=available_cpus())
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a round of a setup")
    parser.add_argument("--plot", type=Path, help="PNG file to write")
    args = parser.parse_args()
    bundle, others = Bundle.open(args.bundle), OtherLoad()
    method = SDKMethod(args.device, args.runtime, args.precision)
    setups = [
        *todays(bundle, args.checkpoint, args.device, args.threads, args.batch_sizes),
        *shared(bundle, method, args.callers, args.threads, args.batch_sizes),
        *processes(bundle, method, args.callers, args.threads, args.batch_sizes),
        *readers(bundle, method, args.callers, args.threads, max(args.batch_sizes)),
    ]
    measure_all(setups, args.rounds, args.seconds)
    print(table(HEADER, cells(setups)))
    print(json_lines([setup.to_json() for setup in setups]))
    print(json_lines([{"cores_taken_by_others": others.cores(), **machine(*PACKAGES)}]))
    if args.plot:
        from harness.plots import bars

        rates = {setup.label: {"photos": statistics.median(setup.rates)} for setup in setups if setup.rates}
        bars(args.plot, f"{bundle.manifest.model.backbone}, {args.device}", rates, "photos a second (median of rounds)")


if __name__ == "__main__":
    main()
