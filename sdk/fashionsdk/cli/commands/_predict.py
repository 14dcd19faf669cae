"""``fashionsdk predict``: which value of each attribute photos probably show."""

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fashionsdk._tools.files.regular_file import system_errors_as
from fashionsdk._tools.printable_text import printable
from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._options import (
    Help,
    Subparsers,
    add_attributes_option,
    add_command,
    add_out_option,
    add_photo_options,
    chosen_photos,
    load_embedder,
)
from fashionsdk.cli._out_file import OutKind, output_path
from fashionsdk.cli._output import note, print_answer, print_json
from fashionsdk.errors import FashionSDKError

if TYPE_CHECKING:
    from fashionsdk.values import Prediction

HEAD = "photo"
SUFFIX = " probability"

HELP = Help(
    name="predict",
    summary="say which values photos probably show",
    description="""\
Say for each photo which value of each attribute it probably shows, and how probable that is.

Probabilities are calibrated if the bundle was exported with labelled photos: of 100 predictions with 0.8 about 80 are
right, on photos like those. A value that is too improbable is unknown with --unknown-below. An attribute that photos of
the predicted category are seldom labelled in does not apply, as a lapel to a skirt. Both are blank in a table.""",
    examples="""\
  fashionsdk predict bundle/ dress.jpg
  fashionsdk predict bundle/ dress.jpg --attribute neckline --json
  fashionsdk predict bundle/ photos/ --out values.csv --unknown-below 0.6""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_photo_options(parser, None)
    add_out_option(parser, "write a CSV table; one that this command wrote is replaced", required=False)
    add_attributes_option(parser)
    parser.add_argument(
        "--unknown-below",
        type=float,
        default=0.0,
        metavar="P",
        help="a value less probable than this is unknown (default: 0)",
    )


def run(args: argparse.Namespace) -> int:
    """Predict the values and print or write them."""
    from fashionsdk.embedding import predicted, predictions

    found = chosen_photos(args)
    kind = OutKind("a CSV table of predictions", (".csv",), _wrote)
    out = output_path(args.out, kind, bundle=args.bundle, inputs=found.photos) if args.out else None
    with load_embedder(args) as embedder:
        names = predicted(embedder.values, args.attribute)
        photo_run = PhotoRun.of(embedder, found, args.on_error)
        rows = [
            (found.photos[position], predictions(embeddings, args.unknown_below, names)[0])
            for position, embeddings in photo_run(found.photos)
        ]
        if out is not None:
            _write(out, names, rows)
            note(f"wrote {len(rows)} photos to {out}")
        if args.json:
            answers = [{"photo": photo, "values": {n: asdict(p) for n, p in row.items()}} for photo, row in rows]
            print_json({**photo_run.summary(), "out": None if out is None else str(out), "predictions": answers})
        elif out is None:
            print_answer("\n".join(_lines(rows)))
    return 0


def _lines(rows: "Sequence[tuple[str, dict[str, Prediction]]]") -> Iterator[str]:
    """Yield a line for each photo and attribute, under the photo's name."""
    for photo, row in rows:
        yield printable(photo)
        width = max(map(len, row))
        for name, prediction in row.items():
            sure = 1 - prediction.applies if prediction.absent else prediction.probability
            yield f"  {printable(name):<{width}}  {sure:.2f}  {printable(str(prediction))}"


def _write(out: Path, names: Sequence[str], rows: "Sequence[tuple[str, dict[str, Prediction]]]") -> None:
    """Write a column for each attribute's value, and one for its probability."""
    from fashionsdk.labels import write_csv

    columns = [HEAD, *(column for name in names for column in (name, f"{name}{SUFFIX}"))]
    with system_errors_as(FashionSDKError, f"cannot write {out}"):
        write_csv(out, columns, (_cells(photo, row) for photo, row in rows))


def _cells(photo: str, row: "dict[str, Prediction]") -> dict[str, str]:
    values = {name: prediction.value or "" for name, prediction in row.items()}
    return {HEAD: photo, **values, **{f"{name}{SUFFIX}": f"{each.probability:.4f}" for name, each in row.items()}}


def _wrote(file: BinaryIO) -> bool:
    """Tell whether a file's first line is one that this command writes."""
    try:
        (head,) = csv.reader([file.readline(65536).decode()])
    except ValueError:
        return False
    return head[:1] == [HEAD] and len(head) % 2 == 1 and all(name.endswith(SUFFIX) for name in head[2::2])
