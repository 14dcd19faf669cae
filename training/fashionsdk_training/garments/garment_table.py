"""Write generated garments to a folder: pictures, ``labels.csv`` and ``boxes.csv``."""

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fashionsdk._tools.files.regular_file import open_regular
from fashionsdk._tools.progress import progress_bar
from fashionsdk.labels import write_csv
from fashionsdk_training.errors import DataError
from fashionsdk_training.garments.body import Box
from fashionsdk_training.garments.render import MIN_SIDE, Scenes, check_scenes, draw
from fashionsdk_training.garments.vocabulary import ATTRIBUTES

_FIRST_INDEX = {"train": 0, "valid": 10**9}  # far apart, so that neither split depends on the other's size
_QUALITY = 92  # JPEG
_EDGES = ("left", "top", "right", "bottom")  # of a box
_POOL_FROM = 200  # pictures; fewer are drawn faster than processes start
_MOST_WORKERS = 8
_PICTURES = ("images/train-", "images/valid-")


@dataclass(frozen=True)
class _Row:
    """One picture's cells in both tables."""

    image: str
    split: str
    values: dict[str, str]
    boxes: dict[str, Box]


def write_table(
    out: Path,
    *,
    train: int,
    valid: int,
    seed: int = 0,
    side: int = 224,
    scenes: Scenes = "square",
    workers: int | None = None,
    progress: bool = False,
) -> Path:
    """Write ``train`` + ``valid`` pictures and their tables under ``out``; return the path of ``labels.csv``.

    ``labels.csv`` has the columns image (relative to it), split, and one per attribute with the value's name, blank
    where it is not labelled. ``boxes.csv`` has image, attribute, left, top, right, bottom, as fractions. ``labels.csv``
    is written last and in one step: if it exists, everything else is complete. A split's pictures depend on ``seed``,
    ``side`` and ``scenes`` only. Processes are spawned, so a script that calls this needs
    ``if __name__ == "__main__":``.

    Args:
        out: the folder; created if missing.
        train: number of training pictures.
        valid: number of validation pictures.
        seed: another seed gives other pictures.
        side: width and height in pixels; of other scenes than squares, the long one.
        scenes: where the figures are, see `draw`.
        workers: number of processes, or None to choose by the number of pictures and CPUs.
        progress: whether to show a progress bar.

    Raises:
        DataError: ``out`` holds another label table.
        OSError: the folder cannot be written, or is full.
        ValueError: ``train`` or ``workers`` is under 1, ``valid`` or ``seed`` is negative, ``side`` is too small,
            or there are no such scenes.
    """
    _check(train, valid, seed, side, workers)
    check_scenes(scenes)
    out = Path(out)
    _check_replaceable(out / "labels.csv")
    (out / "images").mkdir(parents=True, exist_ok=True)
    labels = out / "labels.csv"
    labels.unlink(missing_ok=True)
    jobs = [("train", number) for number in range(train)] + [("valid", number) for number in range(valid)]
    drawn = _rows(partial(_write_picture, out, seed, side, scenes), jobs, workers or _default_workers(len(jobs)))
    rows = list(progress_bar(drawn, "drawing garments", len(jobs), "picture", shown=progress))
    write_csv(out / "boxes.csv", ("image", "attribute", *_EDGES), _box_cells(rows))
    write_csv(labels, _columns(), _label_cells(rows))
    return labels


def _check_replaceable(labels: Path) -> None:
    """Check that a table that exists is one of drawn garments, by its columns and its first picture."""
    if not os.path.lexists(labels):
        return
    with open_regular(labels) as file:
        start = file.read(1000).decode("utf-8", "replace").splitlines()
    header = ",".join(_columns())
    if start and (start[0] != header or not all(row.startswith(_PICTURES) for row in start[1:2])):
        raise DataError(f"{labels} exists and is no table of drawn garments; choose another folder")


def _columns() -> tuple[str, ...]:
    return ("image", "split", *(each.name for each in ATTRIBUTES))


def _check(train: int, valid: int, seed: int, side: int, workers: int | None) -> None:
    if train < 1 or valid < 0:
        raise ValueError(f"{train} train and {valid} valid pictures; expected at least 1 and at least 0")
    if seed < 0:
        raise ValueError(f"seed is {seed}; expected 0 or more")
    if side < MIN_SIDE:
        raise ValueError(f"side is {side} pixels; expected at least {MIN_SIDE}")
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}; expected at least 1, or None to choose")


def _default_workers(pictures: int) -> int:
    return 1 if pictures < _POOL_FROM else min(_MOST_WORKERS, os.cpu_count() or 1)


def _rows(write: partial[_Row], jobs: Sequence[tuple[str, int]], workers: int) -> Iterator[_Row]:
    """Yield the jobs' rows in order."""
    if workers == 1:
        yield from map(write, jobs)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, _leave_interrupts_to_the_parent) as pool:
        yield from pool.map(write, jobs, chunksize=32)


def _leave_interrupts_to_the_parent() -> None:
    """Ignore Ctrl-C, which reaches all processes of a terminal: the parent ends its workers, and they print nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _write_picture(out: Path, seed: int, side: int, scenes: Scenes, job: tuple[str, int]) -> _Row:
    split, number = job
    garment = draw(_FIRST_INDEX[split] + number, seed=seed, side=side, scenes=scenes)
    image = f"images/{split}-{number:05d}.jpg"
    garment.image.save(out / image, quality=_QUALITY)
    return _Row(image, split, garment.values, garment.boxes)


def _label_cells(rows: Iterable[_Row]) -> Iterator[dict[str, str]]:
    for row in rows:
        yield {"image": row.image, "split": row.split, **row.values}


def _box_cells(rows: Iterable[_Row]) -> Iterator[dict[str, str]]:
    for row in rows:
        for attribute, box in row.boxes.items():
            edges = (f"{edge:.4f}" for edge in box)
            yield {"image": row.image, "attribute": attribute, **dict(zip(_EDGES, edges, strict=True))}
