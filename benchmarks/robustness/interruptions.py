"""Does anything get lost? Training, index, save, export and report are killed, meet a full disk and a read-only folder.

    python benchmarks interruptions --kills 20

Each command runs once undisturbed; that is what its output must be. Then it is killed (SIGKILL) at random moments, and
after every kill what stands in the output's place must be absent, as it was, or complete. A last run must end as the
first did, and leave the same files behind. On a full disk and in a read-only folder the command must fail with one
line, and what was there must be unchanged. File systems are mounted for these two: they need root on Linux, and are
left out elsewhere.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fashionsdk import Bundle, Matcher
from fashionsdk._tools.progress import progress_bar
from harness.tables import json_lines, table
from harness.this_machine import machine

ROOT = Path(__file__).parents[2]
COLUMNS = ("command", "seconds", "kills", "after a kill", "in the end", "full disk", "read-only folder")
RIGHT = "right"
SAVE = """
import sys
import numpy as np
from fashionsdk import Embeddings, GalleryError, Matcher
vectors = np.zeros((int(sys.argv[2]), 2, 16), np.float32)
vectors[:, :, 0] = 1
matcher = Matcher([str(index) for index in range(len(vectors))], Embeddings(vectors, ("a", "b"), "0" * 64))
try:
    matcher.save(sys.argv[1])
except GalleryError as error:
    sys.exit(str(error))
"""
ITEMS = 200_000
TENSORBOARD = "events.out.tfevents"


@dataclass(frozen=True)
class Job:
    """One command that writes.

    Attributes:
        name: its name in the table.
        command: the program's arguments for an output in a folder.
        output: the output's name in the folder.
        check: raises if what stands there is neither absent nor complete.
        state: what two complete outputs have in common.
    """

    name: str
    command: Callable[[Path], Sequence[str]]
    output: str
    check: Callable[[Path], object]
    state: Callable[[Path], object]

    def run(self, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(self._arguments(folder), capture_output=True, text=True, check=False, cwd=ROOT)

    def kill_after(self, folder: Path, seconds: float) -> None:
        """Run the command, and kill it and its children after some seconds."""
        process = subprocess.Popen(
            self._arguments(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=ROOT,
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def left(self, folder: Path) -> list[str]:
        """Return the files of the folder, hidden ones too, but for TensorBoard's, of which each start has one."""
        names = (str(path.relative_to(folder)) for path in folder.rglob("*"))
        return sorted(name for name in names if TENSORBOARD not in name)

    def _arguments(self, folder: Path) -> list[str]:
        return [sys.executable, *self.command(folder)]


def jobs(inputs: Path) -> list[Job]:
    """Return the commands; their inputs are made in a folder by the first of them."""
    from fashionsdk_training.garments import write_table

    write_table(inputs / "garments", train=64, valid=32, side=96)
    data = str(inputs / "garments/labels.csv")
    run, bundle = inputs / "run", str(inputs / "bundle")
    recipe = ("--recipe", "asen_v2_demo", "--pretrained", "none", "--batch-size", "16", "--epochs", "2")
    train = Job(
        "training",
        lambda folder: ("training/train.py", "--data", data, "--out", str(folder / "run"), *recipe),
        "run",
        _check_run,
        lambda path: (path / "best/model.safetensors").read_bytes(),
    )
    export = Job(
        "export",
        lambda folder: (
            "export/build_engine.py",
            f"{run}/best",
            "--out",
            str(folder / "bundle"),
            "--overwrite",
        ),
        "bundle",
        lambda path: Bundle.open(path).reference(),
        lambda path: {file.name: file.read_bytes() for file in path.iterdir()},
    )
    _must(train.run(inputs))
    _must(export.run(inputs))
    cli = ("-m", "fashionsdk")
    return [
        train,
        export,
        Job(
            "index",
            lambda folder: (
                *cli,
                "index",
                bundle,
                str(inputs / "garments"),
                "--out",
                str(folder / "x.gallery"),
                "--overwrite",
            ),
            "x.gallery",
            Matcher.load,
            Path.read_bytes,
        ),
        Job(
            "save",
            lambda folder: ("-c", SAVE, str(folder / "x.gallery"), str(ITEMS)),
            "x.gallery",
            Matcher.load,
            Path.read_bytes,
        ),
        Job(
            "report",
            lambda folder: (*cli, "report", bundle, "--data", data, "--out", str(folder / "report.html")),
            "report.html",
            _check_page,
            lambda path: len(path.read_bytes()),
        ),
    ]


def _check_run(path: Path) -> None:
    from fashionsdk_training.checkpoint import Checkpoint

    if (path / "best").exists():
        Checkpoint.load(path / "best")


def _check_page(path: Path) -> None:
    if not path.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        raise ValueError(f"{path} has no end")


def _must(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def measure(job: Job, folder: Path, kills: int) -> list[str]:
    """Return the job's row."""
    undisturbed = folder / "undisturbed"
    undisturbed.mkdir(parents=True)
    start = time.monotonic()
    _must(job.run(undisturbed))
    seconds = time.monotonic() - start
    expected, files = job.state(undisturbed / job.output), job.left(undisturbed)
    after, end = _killed(job, folder / "killed", kills, seconds, expected, files)
    full, read_only = "not root", "not root"
    if os.geteuid() == 0:
        with mounted(folder / "full", "size=64k") as small:
            full = _refused(job, small)
        with mounted(folder / "read-only", "size=1m") as frozen:
            subprocess.run(["mount", "-o", "remount,ro", str(frozen)], check=True)
            read_only = _refused(job, frozen)
    return [job.name, f"{seconds:.1f}", str(kills), after, end, full, read_only]


def _killed(job: Job, folder: Path, kills: int, seconds: float, expected: object, files: list[str]) -> tuple[str, str]:
    folder.mkdir()
    draw, wrong = random.Random(0), []
    for number in progress_bar(range(kills), job.name, None, "kill"):
        job.kill_after(folder, draw.uniform(0.2, 1.0) * seconds)
        output = folder / job.output
        try:
            if output.exists():
                job.check(output)
        except Exception as error:  # whatever reads it: this is what is looked for
            wrong.append(f"kill {number}: {error}")
    _must(job.run(folder))
    same = job.state(folder / job.output) == expected
    left = sorted(set(job.left(folder)) - set(files))
    end = RIGHT if same and not left else f"another output; left: {left}" if not same else f"left behind: {left}"
    return wrong[0] if wrong else RIGHT, end


def _refused(job: Job, folder: Path) -> str:
    """Run a job that must fail; return how it did."""
    before = job.left(folder)
    done = job.run(folder)
    lines = [line for line in done.stderr.splitlines() if line.strip() and "\r" not in line]
    if done.returncode <= 0:
        return f"status {done.returncode}"
    if any(line.startswith("Traceback") for line in lines):
        return f"a traceback: {lines[-1]}"
    left = sorted(set(job.left(folder)) - set(before))
    return f"left behind: {left}" if left and job.name != "training" else f"{RIGHT}: {lines[-1][-160:]}"


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a file system in memory at a new folder for a while."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each command (default: 20)")
    parser.add_argument("--only", nargs="+", metavar="COMMAND", help="such as save; default: all")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="fashionsdk-interruptions-") as name:
        made = jobs(Path(name))
        for job in made:
            if args.only is None or job.name in args.only:
                rows.append(measure(job, Path(name) / f"trial-{job.name}", args.kills))
                print(json_lines([dict(zip(COLUMNS, rows[-1], strict=True))]), flush=True)
                shutil.rmtree(Path(name) / f"trial-{job.name}")
    print(f"\n{table(COLUMNS, rows)}\n")
    print(json_lines([machine("fashionsdk", "torch", "onnxruntime")]))
    right = all(cell.startswith((RIGHT, "not root")) for row in rows for cell in row[3:])
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
