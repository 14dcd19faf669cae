"""``fashionsdk index``: photos to a gallery that can be searched."""

import argparse

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._metadata_table import read_metadata
from fashionsdk.cli._options import (
    Help,
    Subparsers,
    add_command,
    add_photo_options,
    chosen_photos,
    load_embedder,
    nonblank,
)
from fashionsdk.cli._output import note, output_path, print_json

HELP = Help(
    name="index",
    summary="embed photos into a gallery to search",
    description="""\
Embed photos and write a gallery: one file that 'fashionsdk search' and fashionsdk.Matcher search.

An item's key is its photo's path as given, without ./ and the like. Run the command in the folder that the paths are
relative to. An existing gallery is replaced in one step after all photos are embedded.""",
    examples="""\
  fashionsdk index bundle/ photos/ --out shop.gallery
  fashionsdk index bundle/ photos/ --out shop.gallery --metadata products.csv
  fashionsdk index bundle/ photos/ --out shop.gallery --on-error raise --json""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_photo_options(parser, "the gallery file to write; an existing one is replaced")
    parser.add_argument(
        "--metadata",
        type=nonblank,
        metavar="CSV",
        help="table whose column 'photo' (or 'image') holds keys. Its other columns are stored as the items' metadata",
    )


def run(args: argparse.Namespace) -> int:
    """Embed the photos, fill a matcher and save it."""
    from fashionsdk.search import Matcher
    from fashionsdk.search.stores import MAGIC

    found = chosen_photos(args)
    photos, tables = found.photos, [args.metadata] if args.metadata else []
    out = output_path(args.out, "a gallery", MAGIC, bundle=args.bundle, inputs=[*tables, *photos])
    metadata = read_metadata(args.metadata, photos) if args.metadata else {}
    with load_embedder(args) as embedder:
        photo_run = PhotoRun(embedder, args.on_error, found.unreadable, found.left_out)
        matcher = Matcher.empty(photo_run.attributes, embedder.dimension, embedder.model)
        for position, embeddings in photo_run(photos):
            key = photos[position]
            matcher.add([key], embeddings, [metadata.get(key, {})])
        matcher.save(out)
        note(f"wrote {len(matcher)} items to {out}")
        if args.json:
            print_json({"out": str(out), "attributes": photo_run.attributes, **photo_run.summary()})
    return 0
