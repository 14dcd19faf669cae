"""Kills ``fashionsdk embed-catalogue`` at random moments and fills its disk; in the end each photo is there once."""

import csv
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from damaged.small_bundle import small_bundle
from fashionsdk._tools.progress import progress_bar
from fashionsdk.catalogue import read_plan, read_shard
from harness.drawn_jpegs import drawn_jpeg
from killed.outcome import RIGHT, Outcome
from robustness.interruptions import mounted

PHOTOS, SHARDS, SIDE = 600, 12, 96
DAMAGED = 50  # every so many photos one cannot be read
Rows = list[tuple[str, bytes]]


class Catalogue:
    """A table of photos, and the command that embeds it.

    Args:
        folder: for the bundle, the photos and the shards.
    """

    def __init__(self, folder: Path) -> None:
        self.table, self.bundle = folder / "photos.csv", small_bundle(folder).path
        (folder / "photos").mkdir()
        names = [f"photos/{index}.jpg" for index in range(PHOTOS)]
        for index, name in enumerate(names):
            (folder / name).write_bytes(b"no photo" if index % DAMAGED == 7 else drawn_jpeg(index, SIDE))
        self.readable = [name for index, name in enumerate(names) if index % DAMAGED != 7]
        with self.table.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("photo", "price"), *((name, index) for index, name in enumerate(names))])

    def command(self, out: Path) -> list[str]:
        """Return the command for a folder of shards."""
        paths = [str(self.table), "--bundle", str(self.bundle), "--out", str(out)]
        options = ["--shards", str(SHARDS), "--threads", "1", "--batch-size", "8"]
        return [sys.executable, "-m", "fashionsdk", "embed-catalogue", *paths, *options]

    def run(self, out: Path) -> subprocess.CompletedProcess[str]:
        """Run the command to its end."""
        return subprocess.run(self.command(out), capture_output=True, text=True, check=False)

    def seen(self, out: Path) -> dict[int, Rows]:
        """Return the rows of each shard that is there: keys, and their vectors and metadata as bytes.

        Raises:
            GalleryError: one is no whole shard.
        """
        if not (out / "plan.json").exists():
            return {}
        plan = read_plan(out)
        paths = {shard: out / plan.file(shard) for shard in range(1, plan.shards + 1)}
        return {shard: _rows(path) for shard, path in paths.items() if path.exists()}

    def fault(self, out: Path, expected: dict[int, Rows]) -> str:
        """Return what is wrong with the shards that are there; "" if each is as in an undisturbed run."""
        try:
            seen = self.seen(out)
        except Exception as error:  # whatever reads it: this is what is looked for
            return str(error)
        other = [shard for shard, rows in seen.items() if rows != expected[shard]]
        return f"shard {other[0]} is not that of an undisturbed run" if other else ""

    def fault_in_the_end(self, out: Path, expected: dict[int, Rows], files: list[str]) -> str:
        """Return what is wrong with a run that says it is complete; "" if every photo is there exactly once."""
        if wrong := self.fault(out, expected):
            return wrong
        keys = [key for _, rows in sorted(self.seen(out).items()) for key, _ in rows]
        if keys != self.readable:
            return f"{len(keys)} photos, {len(set(keys))} different; expected {len(self.readable)}"
        left = sorted(set(left_in(out)) ^ set(files))
        return f"other files than an undisturbed run leaves: {left}" if left else ""


def left_in(out: Path) -> list[str]:
    """Return the files of a folder, hidden ones too."""
    return sorted(str(path.relative_to(out)) for path in out.rglob("*"))


def _rows(path: Path) -> Rows:
    return [
        (key, b"".join(rows[row].tobytes() for rows in part.vectors.values()) + repr(part.metadata[row]).encode())
        for part in read_shard(path)
        for row, key in enumerate(part.keys)
    ]


def kill_catalogues(folder: Path, kills: int) -> Outcome:
    """Kill the command until it was killed so often, each time going on with it, then fill its disk."""
    catalogue = Catalogue(folder)
    start, undisturbed = time.monotonic(), folder / "undisturbed"
    if (done := catalogue.run(undisturbed)).returncode:
        raise RuntimeError(done.stderr)
    seconds = time.monotonic() - start
    expected, files = catalogue.seen(undisturbed), left_in(undisturbed)
    draw, runs, part_done, wrong = random.Random(0), 1, 0, ""
    for number in progress_bar(range(kills), "embed-catalogue", None, "kill"):
        while not wrong and not _killed(catalogue, _out(folder, runs), draw.uniform(0.1, 1.0) * seconds):
            wrong = catalogue.fault_in_the_end(_out(folder, runs), expected, files)  # it was faster: it is complete
            runs += 1
        if wrong := wrong or catalogue.fault(_out(folder, runs), expected):
            wrong = f"kill {number}: {wrong}"
            break
        part_done += 0 < len(catalogue.seen(_out(folder, runs))) < SHARDS
    if not wrong and (done := catalogue.run(_out(folder, runs))).returncode:
        wrong = f"does not go on: {done.stderr[-200:]}"
    wrong = wrong or catalogue.fault_in_the_end(_out(folder, runs), expected, files)
    work = f"{runs} catalogues of {PHOTOS} photos in {SHARDS} shards, some of which were there at {part_done} kills"
    return Outcome("embed-catalogue", kills, work, wrong or RIGHT, _full(catalogue, folder, expected, files))


def _out(folder: Path, run: int) -> Path:
    return folder / f"killed-{run}"


def _killed(catalogue: Catalogue, out: Path, seconds: float) -> bool:
    """Run the command and kill it after some seconds; False if it ended before."""
    process = subprocess.Popen(catalogue.command(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    return False


def _full(catalogue: Catalogue, folder: Path, expected: dict[int, Rows], files: list[str]) -> str:
    """Fill the disk, then give it space and go on."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return "not root"
    with mounted(folder / "full", "size=1m") as disk:
        out = disk / "vectors"
        done = catalogue.run(out)
        lines = [line for line in done.stderr.splitlines() if line.strip() and "\r" not in line]
        if done.returncode <= 0 or "Traceback" in done.stderr:
            return f"status {done.returncode}: {done.stderr[-200:]}"
        there = len(catalogue.seen(out))
        if wrong := catalogue.fault(out, expected):
            return wrong
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        if (again := catalogue.run(out)).returncode:
            return f"does not go on: {again.stderr[-200:]}"
        wrong = catalogue.fault_in_the_end(out, expected, files)
        return wrong or f"{RIGHT}, after {there} shards, and complete with more space: {_shown(lines[-1], disk)}"


def _shown(line: str, disk: Path) -> str:
    return line.removeprefix("fashionsdk: error: ").replace(str(disk), "DISK")
