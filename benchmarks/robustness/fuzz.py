"""Does a damaged input do harm? Photos, manifests, graphs, galleries and tables, changed at random, are read.

    python benchmarks fuzz --photos 20000 --manifests 2000 --graphs 2000 --galleries 2000 --tables 2000

Each input may give an answer or one of the SDK's errors. Anything else is a fault: another exception, a process that
dies, or one that does not answer. The table says how many inputs of each format were accepted, the most memory that one
needed above what the process held before, and the most CPU time. The same seed gives the same inputs. Linux only.

    python benchmarks fuzz --photos 1000 --keep faults     # writes each input that is a fault to a folder
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from damaged.kinds import KINDS
from fashionsdk._tools.progress import progress_bar
from fashionsdk.backends import available_cpus
from harness.tables import json_lines, table
from harness.this_machine import machine
from harness.watched_trials import Outcome, Trial, TrialResult, watched

PACKAGES = ("fashionsdk", "pillow", "numpy", "onnxruntime", "openvino", "onnx")
COLUMNS = ("format", "inputs", "answers", "errors of ours", "faults", "most MB", "most CPU s")
SHOWN = 5  # faults of one kind


def make_trial(kind: str, folder: Path, seed: int, keep: Path | None) -> Trial:
    """Return the function that makes one damaged input and reads it."""
    inputs = KINDS[kind](folder, seed)

    def trial(index: int) -> tuple[str, Outcome, str]:
        group, content = inputs.damaged(index)
        try:
            inputs.read(content)
        except inputs.refusals:
            return group, "refusal", ""
        except BaseException as error:  # also what is no Exception, such as pyo3's panics
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{kind}-{index}").write_bytes(content)
            return group, "fault", f"{type(error).__name__}: {error}"
        return group, "answer", ""

    return trial


def summary(results: Sequence[TrialResult]) -> list[list[str]]:
    """Return a row of the table for each format, sorted by name."""
    groups: dict[str, list[TrialResult]] = defaultdict(list)
    for result in results:
        groups[result.group].append(result)
    return [_row(name, groups[name]) for name in sorted(groups)]


def _row(name: str, results: Sequence[TrialResult]) -> list[str]:
    outcomes = [result.outcome for result in results]
    answers = outcomes.count("answer")
    return [
        name,
        str(len(results)),
        f"{answers} ({100 * answers / len(results):.0f} %)",
        str(outcomes.count("refusal")),
        str(outcomes.count("fault")),
        f"{max(result.megabytes for result in results):.0f}",
        f"{max(result.seconds for result in results):.2f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=int, default=0, metavar="N", help=f"damaged {kind} (default: 0)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=available_cpus())
    parser.add_argument("--deadline", type=float, default=60, help="seconds for one input (default: 60)")
    parser.add_argument("--keep", type=Path, help="folder for the inputs that are faults")
    args = parser.parse_args()
    counts = {kind: count for kind in KINDS if (count := getattr(args, kind)) > 0}
    if not counts:
        parser.error(f"nothing to do; say how many of what, such as --photos 1000; kinds: {', '.join(KINDS)}")
    faults, records = 0, []
    with tempfile.TemporaryDirectory(prefix="fashionsdk-fuzz-") as name:
        for kind, count in counts.items():
            KINDS[kind](Path(name), args.seed)  # fills the folder before the processes share it
            make = partial(make_trial, kind, Path(name), args.seed, args.keep)
            trials = watched(make, count, processes=min(args.processes, count), deadline=args.deadline)
            results = list(progress_bar(trials, kind, count, "input"))
            wrong = [result for result in results if result.outcome == "fault"]
            faults += len(wrong)
            rows = summary(results)
            print(f"\n{kind}\n\n{table(COLUMNS, rows)}\n", flush=True)
            for result in wrong[:SHOWN]:
                print(f"fault: {kind} {result.index}, {result.group}: {result.words:.300}", flush=True)
            records += [{"kind": kind, **dict(zip(COLUMNS, row, strict=True))} for row in rows]
    print(json_lines([*records, {"seed": args.seed, **machine(*PACKAGES)}]))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
