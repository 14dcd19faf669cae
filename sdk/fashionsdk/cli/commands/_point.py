"""``fashionsdk point``: how often attention's peak lies where the attribute is decided."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._options import Subparsers, add_command, add_data_options, filled, load_embedder
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli._page_output import require_attention
from fashionsdk.errors import LabelsError

if TYPE_CHECKING:
    from fashionsdk.evaluation import Look
    from fashionsdk.labels import Labels

DESCRIPTION = """\
Measure attention that points: the share of photos, in percent, where the peak of an attribute's attention lies inside
the attribute's box, and the share that a random place would hit, for each attribute and over all boxes.

BOXES is a CSV file with the columns image (as in TABLE), attribute, left, top, right and bottom, as fractions of the
upright photo. Boxes of TABLE's other splits are left out. Needs a model with spatial attention."""

EXAMPLES = """\
  fashionsdk point bundle/ --data garments/labels.csv --boxes garments/boxes.csv
  fashionsdk point bundle/ --data shop/ --boxes boxes.csv --split test --attribute neckline --json"""


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "point",
        run,
        summary="measure whether attention points where it should",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    add_data_options(parser)
    parser.add_argument(
        "--boxes", required=True, type=filled, metavar="BOXES", help="CSV file of the attributes' boxes"
    )


def run(args: argparse.Namespace) -> int:
    """Embed the photos that have boxes and print how their attention points."""
    from fashionsdk.attributes import select
    from fashionsdk.evaluation import pointing
    from fashionsdk.labels import read_boxes, read_labels

    labels = read_labels(args.data, args.split)
    known = [attribute.name for attribute in labels.attributes]
    wanted = [known[position] for position in select(known, args.attribute)]
    boxes = read_boxes(args.boxes, labels, elsewhere=_images(args.data))
    photos = sorted(photo for photo, named in boxes.items() if not named.keys().isdisjoint(wanted))
    if not photos:
        raise LabelsError(f"{args.boxes}: no box of {', '.join(wanted)} in split {args.split!r}; expected at least one")
    photo_run = PhotoRun(embedder := load_embedder(args))
    require_attention(embedder)
    select([attribute.name for attribute in embedder.attributes], wanted)
    measured = pointing(boxes, _looks(photo_run, labels, photos, wanted), wanted)
    note(f"{args.data}, split {args.split}, boxes of {args.boxes}")
    if args.json:
        print_json({"data": args.data, "split": args.split, **measured.to_json(), **photo_run.summary()})
    else:
        print(measured.table())
    return 0


def _images(data: str) -> set[str]:
    """Return the images of all splits of a CSV table; of index files none are known but the split's own."""
    from fashionsdk.labels import TABLE_NAME, read_table

    path = Path(data) / TABLE_NAME if Path(data).is_dir() else Path(data)
    return {row["image"] for row in read_table(path).rows} if path.is_file() else set()


def _looks(photo_run: PhotoRun, labels: "Labels", photos: Sequence[int], names: Sequence[str]) -> Iterator["Look"]:
    """Yield each photo's index, its attention for these attributes, and its size."""
    from fashionsdk.photos import open_photo

    files = labels.paths
    paths = [str(files[photo]) for photo in photos]
    for position, embeddings in photo_run(paths, attention=True):
        attention = embeddings.select(names).attention
        assert attention is not None, "attention was asked for"
        yield photos[position], attention[0], open_photo(paths[position], at_least=1).size
