"""How soon does a fresh process answer? Import, open, first answer from a JPEG, beside PyTorch with the checkpoint.

    python benchmarks/cold_start.py runs/shop/bundle --checkpoint runs/shop/best --plot cold_start.png

Every run is a process of its own. Times are wall clock, medians: the interpreter's start, importing, opening (for
PyTorch: building the network and loading its weights), and the first answer, all attributes of one photo of 1,000
pixels. Files are in the system's cache. Every answer is compared with that of this process, which was compared with
the bundle's reference.
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fashionsdk._tools.progress import progress_bar
from harness.answers import SAME_NETWORK_SHARE, check_embeddings
from harness.drawn_jpegs import drawn_jpeg
from harness.embedder_options import add_embedder_options, open_embedder
from harness.plots import bars
from harness.separate_process import run_program
from harness.tables import json_lines, table
from harness.this_machine import machine

PACKAGES = ("fashionsdk", "onnxruntime", "openvino", "torch", "timm", "pillow", "numpy")
SDK, TORCH = "fashionsdk", "PyTorch eager, from the checkpoint"
STEPS = ("interpreter", "import", "open", "first answer")
SIDE, THOUSAND = 1000, 1e6  # pixels; nanoseconds in a millisecond

# Each prints when it began, when each step was done, and the embeddings.
PROGRAMS = {
    SDK: """
import sys, time
times = [time.monotonic_ns()]
import fashionsdk
times.append(time.monotonic_ns())
photo, bundle, device, runtime, precision = sys.argv[1:]
embedder = fashionsdk.Embedder(bundle, device=device, runtime=runtime, precision=precision)
times.append(time.monotonic_ns())
vectors = embedder.embed(photo).vectors
times.append(time.monotonic_ns())
""",
    TORCH: """
import sys, time
times = [time.monotonic_ns()]
import timm, torch
from fashionsdk_training.checkpoint import Checkpoint
times.append(time.monotonic_ns())
photo, folder = sys.argv[1:]
checkpoint = Checkpoint.load(folder)
model = checkpoint.build()
times.append(time.monotonic_ns())
with torch.inference_mode():
    vectors = model(torch.from_numpy(checkpoint.preprocessing.read(photo))[None]).embeddings.numpy()
times.append(time.monotonic_ns())
""",
}
PRINT = "import json; print(json.dumps([times, vectors.tolist()]))"


@dataclass(frozen=True)
class Start:
    """One fresh process: milliseconds of each of ``STEPS``, and the embeddings ``(1, A, D)``."""

    steps: tuple[float, ...]
    vectors: np.ndarray


def start(name: str, arguments: Sequence[str], first: Sequence[Path] = ()) -> Start:
    """Run a program in a fresh interpreter, with the folders ``first`` searched for modules before all others.

    Raises:
        RemoteError: it failed.
    """
    begin, output = run_program(PROGRAMS[name] + PRINT, arguments, first)
    times, vectors = json.loads(output.splitlines()[-1])
    steps = np.diff([begin, *times]) / THOUSAND
    return Start(tuple(steps.tolist()), np.array(vectors, np.float32))


def medians(starts: Sequence[Start]) -> dict[str, float]:
    """Return the median milliseconds of each step and of the whole."""
    columns = zip(*(run.steps for run in starts), strict=True)
    times = {step: statistics.median(column) for step, column in zip(STEPS, columns, strict=True)}
    return {**times, "all": statistics.median(sum(run.steps) for run in starts)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_embedder_options(parser)
    parser.add_argument("--checkpoint", help="folder of the checkpoint that the bundle was made of")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--plot", type=Path, help="PNG file to write")
    args = parser.parse_args()
    embedder = open_embedder(args)
    with tempfile.TemporaryDirectory(prefix="fashionsdk-") as folder:
        Path(photo := f"{folder}/photo.jpg").write_bytes(drawn_jpeg(0, SIDE))
        expected = embedder.embed(photo).vectors
        programs = {SDK: [photo, args.bundle, args.device, args.runtime, embedder.backend.precision]}
        if args.checkpoint:
            programs[TORCH] = [photo, args.checkpoint]
        starts: dict[str, list[Start]] = {name: [] for name in programs}
        for number in progress_bar(range(args.runs + 1), "starting processes", None, "round"):
            for name, arguments in programs.items():
                run = start(name, arguments)
                check_embeddings(expected, run.vectors, embedder.backend.precision, SAME_NETWORK_SHARE)
                starts[name] += [run] if number > 0 else []  # the first fills the system's cache
    results = {name: medians(runs) for name, runs in starts.items()}
    columns = (*STEPS, "all")
    rows = [[name, *(f"{times[step]:.0f}" for step in columns)] for name, times in results.items()]
    print(f"{table(('milliseconds', *columns), rows)}\n")
    records = [
        {"method": name, "unit": "ms", **{k: round(v, 1) for k, v in times.items()}} for name, times in results.items()
    ]
    print(json_lines([*records, {"runs": args.runs, "backend": str(embedder.backend), **machine(*PACKAGES)}]))
    if args.plot:
        bars(
            args.plot,
            f"A fresh process, {embedder.backend.runtime}",
            results,
            "median milliseconds (shorter is better)",
        )


if __name__ == "__main__":
    main()
