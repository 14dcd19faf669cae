"""``fashionsdk map``: an HTML page of embedding maps."""

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._labelled_split import data_files
from fashionsdk.cli._options import (
    Help,
    Subparsers,
    add_command,
    add_data_options,
    add_out_option,
    load_embedder,
    positive,
)
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli._page_output import facts, page_path, write_page
from fashionsdk.cli._table_format import labelled_data
from fashionsdk.errors import LabelsError

if TYPE_CHECKING:
    from fashionsdk.embeddings import Embeddings
    from fashionsdk.labels import Labels

HELP = Help(
    name="map",
    summary="write an HTML page of embedding maps (t-SNE)",
    description="""\
Write an HTML page with the embedding map of each attribute, made by t-SNE: a point for each labelled photo, in the
colour of its value, or the photo itself with --thumbnails.

The page is one file without scripts or links. It needs scikit-learn: pip install 'fashionsdk[report]'.""",
    examples="""\
  fashionsdk map bundle/ --data shop/labels.csv --attribute neckline --out neckline.html
  fashionsdk map bundle/ --data shop/ --split test --points 1000 --thumbnails --out space.html""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_data_options(parser)
    add_out_option(parser, "the HTML file to write; an existing page is replaced")
    parser.add_argument(
        "--points", type=positive, metavar="N", help="photos per attribute at most, chosen at random (default: 400)"
    )
    parser.add_argument("--thumbnails", action="store_true", help="draw the photos, framed in the value's colour")


def run(args: argparse.Namespace) -> int:
    """Embed a sample of the labelled photos and write the page."""
    from fashionsdk.attributes import select
    from fashionsdk.labels import read_labels

    labels = read_labels(labelled_data(args), args.split, args.attribute).select(args.attribute)
    out = page_path(args, data_files(args, labels))
    from fashionsdk.report import MAP_POINTS, SEED, draw_maps, render_maps, sample_labels  # slow, so after the checks

    sample = sample_labels(labels, args.points or MAP_POINTS)
    with load_embedder(args) as embedder:
        photo_run = PhotoRun(embedder)
        select(photo_run.attributes, list(sample))
        pictures: dict[int, str] | None = {} if args.thumbnails else None
        images = sorted({image for photos in sample.values() for image in photos})
        maps = draw_maps(sample, _embed(photo_run, labels, images, pictures), pictures, progress=True)
        _check_drawn(list(sample), list(maps))
        data = {"Data": labels.root.resolve().name, "Split": args.split, "Photos": f"{photo_run.embedded:,}"}
        write_page(out, render_maps(maps, facts(embedder, data), SEED))
        if args.json:
            points = {name: len(drawn.values) for name, drawn in maps.items()}
            print_json({"out": str(out), "points": points, **photo_run.summary()})
    return 0


def _embed(
    photo_run: PhotoRun, labels: "Labels", images: Sequence[int], pictures: dict[int, str] | None
) -> Iterator[tuple[int, "Embeddings"]]:
    """Yield each photo's index and embeddings, and add a small picture of it to ``pictures`` unless that is None."""
    from fashionsdk.report import thumbnail

    sources = labels.sources
    paths = [sources[image] for image in images]
    for position, embeddings in photo_run(paths):
        if pictures is not None:
            pixels, placement = photo_run.embedder.preprocessing.read_placed(paths[position])
            pictures[images[position]] = thumbnail(placement.cut(pixels))
        yield images[position], embeddings


def _check_drawn(names: Sequence[str], drawn: Sequence[str]) -> None:
    """Warn about attributes without a map.

    Raises:
        LabelsError: no attribute has one.
    """
    if missing := [name for name in names if name not in drawn]:
        reason = f"too few labelled photos for a map of {', '.join(missing)}; expected 8 or more of each"
        if not drawn:
            raise LabelsError(reason)
        note(reason)
