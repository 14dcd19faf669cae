"""Is one checkout of the SDK as fast as another, and are its answers the same to the bit?

    git worktree add /tmp/before HEAD~1
    python benchmarks two_checkouts runs/shop/bundle --before /tmp/before --photos shop/images

In every round each checkout gets fresh processes, and the two take turns at every task, the first one alternating:
cold start (until the first answer from a JPEG file), ``embed`` of arrays and of JPEG files, ``embed_many``,
``Matcher.search`` among 100,000 items of one attribute. Times are the medians of the rounds. The ratio is the median of
the rounds' ratios, with their quartiles: below 1, ``--after`` is faster. Without ``--after``, that is this checkout.
"""

import argparse
import compileall
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from cold_start import SDK, start
from fashionsdk._tools.progress import progress_bar
from harness.embedder_options import add_embedder_options
from harness.separate_process import RemoteObject
from harness.tables import json_lines, table
from harness.this_machine import OtherLoad, machine
from methods.checkout_tasks import CALLS, FILES, Answer, CheckoutTasks

BEFORE, AFTER = "before", "after"
OPEN, COLD = "import and open", "cold start, to the first answer"
HEADER = ("task", "before, ms", "after, ms", "after ÷ before", "quartiles", "answers")
PACKAGES = ("onnxruntime", "openvino", "pillow", "numpy")


@dataclass
class Task:
    """One task: by checkout, the median milliseconds of each round, and every answer."""

    times: dict[str, list[float]] = field(default_factory=lambda: {BEFORE: [], AFTER: []})
    answers: dict[str, list[Answer]] = field(default_factory=lambda: {BEFORE: [], AFTER: []})

    def ratios(self) -> list[float]:
        """Return after ÷ before of each round."""
        return [after / before for before, after in zip(self.times[BEFORE], self.times[AFTER], strict=True)]

    def same(self) -> str:
        """Return whether the answers are equal to the bit, or their largest difference."""
        answers = list(chain(*self.answers.values()))
        if any(answer.shape != answers[0].shape for answer in answers):
            return "other shapes"
        difference = max((float(np.abs(answer - answers[0]).max()) for answer in answers), default=0.0)
        if not all(answer.tobytes() == answers[0].tobytes() for answer in answers):
            return f"differ by {difference:.1e}"
        return "equal to the bit" if answers else ""

    def cells(self, name: str) -> list[str]:
        """Return the row of the table."""
        medians = [f"{statistics.median(self.times[checkout]):.2f}" for checkout in (BEFORE, AFTER)]
        low, middle, high = np.percentile(self.ratios(), (25, 50, 75))
        return [name, *medians, f"{middle:.3f}", f"{low:.3f} to {high:.3f}", self.same()]

    def to_json(self, name: str) -> dict[str, Any]:
        """Return the task as JSON takes it."""
        ratio = round(statistics.median(self.ratios()), 4)
        return {"task": name, "unit": "ms", **self.times, "ratio": ratio, "answers": self.same()}


class Checkout:
    """A checkout of the SDK in processes of its own.

    Args:
        folder: the checkout's root.
        args: of the command line.
        photos: paths of JPEG files.

    Attributes:
        backend: what runs the bundle.

    Raises:
        SystemExit: the process imports another SDK than the checkout's.
    """

    def __init__(self, folder: Path, args: argparse.Namespace, photos: Sequence[str]) -> None:
        self._sdk, self._photos = folder.resolve() / "sdk", photos
        self._bundle = str(Path(args.bundle).resolve())
        self._options = {name: getattr(args, name) for name in ("device", "runtime", "precision", "batch_size")}
        source, self.backend, self._precision = self.open().call("about")
        if not Path(source).is_relative_to(self._sdk):
            raise SystemExit(f"{source} was imported; expected a checkout with its SDK in {self._sdk}")

    def cold_start(self) -> tuple[dict[str, float], Answer]:
        """Start a fresh process; return the milliseconds until it is open and until its first answer, and that."""
        options = [self._options["device"], self._options["runtime"], self._precision]
        fresh = start(SDK, [self._photos[0], self._bundle, *options], [self._sdk])
        return {OPEN: sum(fresh.steps[1:3]), COLD: sum(fresh.steps)}, fresh.vectors

    def open(self) -> RemoteObject:
        """Start a process for the other tasks."""
        return RemoteObject(partial(CheckoutTasks, self._bundle, self._options, self._photos), [self._sdk])


def order(number: int) -> tuple[str, str]:
    """Return which checkout comes first in a round."""
    return (BEFORE, AFTER) if number % 2 == 0 else (AFTER, BEFORE)


def start_cold(checkouts: Mapping[str, Checkout], number: int, tasks: Mapping[str, Task]) -> None:
    """Measure the cold start of each checkout once."""
    for name in order(number):
        times, answer = checkouts[name].cold_start()
        for task, milliseconds in times.items():
            tasks[task].times[name].append(milliseconds)
        tasks[COLD].answers[name].append(answer)


def run_tasks(checkouts: Mapping[str, Checkout], number: int, tasks: Mapping[str, Task]) -> None:
    """Let both checkouts do each task twice, as A B B A."""
    opened = {name: checkouts[name].open() for name in order(number)}
    for task in CALLS:
        times: dict[str, list[float]] = defaultdict(list)
        for name in (*order(number), *order(number + 1)):
            milliseconds, answer = opened[name].call("run", task)
            times[name] += milliseconds
            tasks[task].answers[name].append(answer)
        for name, values in times.items():
            tasks[task].times[name].append(statistics.median(values))


def measure(checkouts: Mapping[str, Checkout], rounds: int) -> dict[str, Task]:
    """Return the tasks by their names; the first round fills the system's cache and does not count."""
    tasks = {name: Task() for name in (OPEN, COLD, *CALLS)}
    start_cold(checkouts, 0, defaultdict(Task))
    for number in progress_bar(range(rounds), "measuring", None, "round"):
        start_cold(checkouts, number, tasks)
        run_tasks(checkouts, number, tasks)
    return tasks


def named(tasks: Mapping[str, Task], photos: int) -> Iterator[tuple[str, Task]]:
    """Yield the tasks with the names of the table; that of ``embed_many`` has the number of photos."""
    for name, task in tasks.items():
        yield f"embed_many, {photos} JPEG files" if name == "embed_many" else name, task


def main() -> None:
    args = parse_args()
    photos = sorted(map(str, args.photos.resolve().rglob("*.jp*g")))[: args.count]
    if len(photos) < FILES:
        raise SystemExit(f"{args.photos} holds {len(photos)} JPEG files; expected {FILES} or more")
    folders, others = {BEFORE: args.before, AFTER: args.after}, OtherLoad()
    for folder in folders.values():
        compileall.compile_dir(folder / "sdk", quiet=2)  # a cold start finds bytecode, as in an installed package
    checkouts = {name: Checkout(folder, args, photos) for name, folder in folders.items()}
    tasks = dict(named(measure(checkouts, args.rounds), len(photos)))
    print(f"{table(HEADER, [task.cells(name) for name, task in tasks.items()])}\n")
    print(json_lines(task.to_json(name) for name, task in tasks.items()))
    backends = {name: checkout.backend for name, checkout in checkouts.items()}
    settings = {"rounds": args.rounds, "backends": backends, "cores_taken_by_others": others.cores()}
    print(json_lines([{**settings, **machine(*PACKAGES)}]))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_embedder_options(parser)
    parser.add_argument("--before", type=Path, required=True, help="root of the older checkout")
    parser.add_argument("--after", type=Path, default=Path(__file__).parents[2], help="default: this checkout")
    parser.add_argument("--photos", type=Path, required=True, help="folder of JPEG files")
    parser.add_argument("--count", type=int, default=256, help="photos of embed_many (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=12, help="default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
