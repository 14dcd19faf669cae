"""``make demo``: train, export, index, search and report on generated garments, with the commands of a user."""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fashionsdk._tools.command_parser import CommandParser
from fashionsdk.cli import guarded, print_answer, raise_signal_of
from fashionsdk.cli import main as fashionsdk
from fashionsdk.errors import FashionSDKError
from fashionsdk.labels import read_labels, write_csv
from fashionsdk_export.parity import CalibrationPhotos
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training import garments
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli import show_log
from fashionsdk_training.data import load_training_data
from fashionsdk_training.errors import CheckpointError, DataError
from fashionsdk_training.loop import Trainer, processes
from fashionsdk_training.recipes import asen_v2_demo

TRAIN, VALID = 2000, 500
QUERIES = ("neckline_design", "sleeve_length", "skirt_length")
SEASONS = ("spring", "summer", "autumn", "winter")

_AGAIN = "remove the demo's folder to start again"
_NEXT = """
The report: {report}

The page, to look at it in a browser: {fashionsdk} serve {bundle} --gallery {gallery}

Four things to try next:
  {python} training/train.py --data YOURS/labels.csv --out runs/yours    # a label table of your own, see README.md
  {fashionsdk} index {bundle} ~/Pictures --out pictures.gallery          # a folder of your own photos
  {fashionsdk} search {bundle} {gallery} {photo} --attribute sleeve_length --where 'price < 50'
  {fashionsdk} predict {bundle} {photo}
"""


def run(out: Path, *, train: int = TRAIN, valid: int = VALID, epochs: int | None = None) -> Path:
    """Draw, train, export, index, search and report under ``out``; return the report's path.

    Started again, it uses the pictures that exist and continues the training.

    Args:
        out: folder for everything that the demo writes.
        train: number of training pictures.
        valid: number of validation pictures.
        epochs: of training, or None for the recipe's.
    """
    table, bundle, gallery, report = (
        out / name for name in ("garments/labels.csv", "bundle", "garments.gallery", "report.html")
    )
    with _stage("drawing garments"):
        _draw(table, train, valid)
    with _stage("training"):
        checkpoint = _train(table, out / "run", epochs)
    with _stage("export"):
        labelled = CalibrationPhotos.from_table(table)  # probabilities are calibrated, and attributes may not apply
        print_answer(build_bundle(checkpoint, bundle, photos=labelled, overwrite=True, progress=True).summary())
    with _stage("indexing the validation pictures"):
        photos = sorted(str(path) for path in (table.parent / "images").glob("valid-*"))
        shop = _made_up_shop(out / "metadata.csv", photos)
        _command("index", str(bundle), *photos, "--out", str(gallery), "--metadata", str(shop), "--overwrite")
    for attribute in QUERIES:
        photo = _photo_with(table, attribute)
        print_answer(f"\nnearest by {attribute} to {photo}:")
        _command("search", str(bundle), str(gallery), str(photo), "--attribute", attribute, "-k", "5")
    with _stage("report"):
        _command("report", str(bundle), "--data", str(table), "--out", str(report))
    python, program = ".venv/bin/python", ".venv/bin/fashionsdk"
    print_answer(
        _NEXT.format(report=report, bundle=bundle, gallery=gallery, photo=photo, python=python, fashionsdk=program)
    )
    return report


def _draw(table: Path, train: int, valid: int) -> None:
    if not table.is_file():
        garments.write_table(table.parent, train=train, valid=valid, scenes="mixed", progress=True)
    counts = len(read_labels(table, "train").images), len(read_labels(table, "valid").images)
    if counts != (train, valid):
        raise DataError(f"{table} has {counts[0]} and {counts[1]} pictures, not {train} and {valid}; {_AGAIN}")


def _train(table: Path, run_folder: Path, epochs: int | None) -> Checkpoint:
    config = asen_v2_demo() if epochs is None else replace(asen_v2_demo(), epochs=epochs)
    where = (table, config.side, config.stored_side, run_folder / "photos")
    data = load_training_data(*where, fit=config.fit, padding=config.padding, progress=True)
    with processes() as peers:
        try:
            return Trainer(config, data, run_folder, peers, progress=True).fit()
        except CheckpointError as error:
            raise CheckpointError(f"{error}; {_AGAIN}") from error


def _made_up_shop(table: Path, photos: Sequence[str]) -> Path:
    """Write a price and a season for each photo, at random, so that there is something to filter by."""
    rng = random.Random(0)
    rows = ({"photo": photo, "price": f"{rng.randint(10, 150)}", "season": rng.choice(SEASONS)} for photo in photos)
    write_csv(table, ("photo", "price", "season"), rows)
    return table


def _photo_with(table: Path, attribute: str) -> Path:
    """Return the first validation photo that is labelled for ``attribute``."""
    labels = read_labels(table, "valid", [attribute]).select([attribute])
    return labels.paths[int((labels.matrix()[:, 0] >= 0).argmax())]


def _command(*arguments: str) -> None:
    if status := fashionsdk(arguments):
        raise_signal_of(status)
        raise FashionSDKError(f"fashionsdk {arguments[0]} ended with exit code {status}; see its message above")


@contextmanager
def _stage(name: str) -> Iterator[None]:
    print_answer(f"\n== {name}")
    begin = time.monotonic()
    yield
    print_answer(f"   {time.monotonic() - begin:.0f} s")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo as the command line says; return the exit code."""
    parser = CommandParser(prog="demo", description=(run.__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo"), help="default: %(default)s")
    parser.add_argument("--train", type=int, default=TRAIN, help="training pictures (default: %(default)s)")
    parser.add_argument("--valid", type=int, default=VALID, help="validation pictures (default: %(default)s)")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    args = parser.parse_args(arguments)
    show_log()
    return guarded("demo", lambda: _run(args))


def _run(args: argparse.Namespace) -> int:
    run(args.out, train=args.train, valid=args.valid, epochs=args.epochs)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
