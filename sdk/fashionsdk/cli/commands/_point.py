"""``fashionsdk point``: how often attention's peak lies where the attribute is decided."""

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._labelled_split import add_boxes_option, load_boxes
from fashionsdk.cli._options import (
    Help,
    Subparsers,
    add_command,
    add_data_options,
    chosen_attributes,
    load_embedder,
)
from fashionsdk.cli._output import note
from fashionsdk.cli._page_output import require_attention
from fashionsdk.cli._print_scores import print_scores
from fashionsdk.cli._table_format import labelled_data

if TYPE_CHECKING:
    from fashionsdk.evaluation import PhotoAttention
    from fashionsdk.labels import Labels

HELP = Help(
    name="point",
    summary="measure whether attention points at the attribute",
    description="""\
Measure where attention points: the share of photos, in percent, where the peak of an attribute's attention lies inside
the attribute's box (inside), beside the shares that a random place would hit (random), and one fixed place for all
photos, the best for the others (fixed), for each attribute and over all boxes. An attribute whose attention is not
surely better than that is named: its maps need not be about the photo.

BOXES is a CSV file with the columns image (as in TABLE), attribute, left, top, right and bottom, as fractions of the
upright photo. Boxes of TABLE's other splits are left out. The model must have spatial attention.""",
    examples="""\
  fashionsdk point bundle/ --data garments/labels.csv --boxes garments/boxes.csv
  fashionsdk point bundle/ --data shop/ --boxes boxes.csv --split test --attribute neckline --json""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_data_options(parser)
    add_boxes_option(parser, required=True)


def run(args: argparse.Namespace) -> int:
    """Embed the photos that have boxes and print how their attention points."""
    from fashionsdk.attributes import select
    from fashionsdk.evaluation import pointing
    from fashionsdk.labels import LabelSource

    source = LabelSource.of(labelled_data(args))
    labels = source.labels(args.split)
    names = chosen_attributes(args, labels.attributes)
    boxes = load_boxes(args, labels, source)
    with load_embedder(args) as embedder:
        photo_run = PhotoRun(embedder)
        require_attention(embedder)
        select(photo_run.attributes, names)
        scores = pointing(boxes, _attention(photo_run, labels, sorted(boxes), names), names)
        print_scores(args, scores, photo_run)
    for name in scores.doubtful():
        note(f"{name}: attention points no better than one fixed place; do not read its maps as evidence")
    return 0


def _attention(
    photo_run: PhotoRun, labels: "Labels", photos: Sequence[int], names: Sequence[str]
) -> Iterator["PhotoAttention"]:
    """Yield each photo's index, its attention for these attributes, and where it lies in the input."""
    from fashionsdk.photos import open_photo

    files = labels.paths
    paths = [str(files[photo]) for photo in photos]
    for position, embeddings in photo_run(paths, attention=True):
        attention = embeddings.select(names).attention
        assert attention is not None, "attention was requested"
        size = open_photo(paths[position], at_least=1).size
        yield photos[position], attention[0], photo_run.embedder.preprocessing.placement(size)
