"""``fashionsdk index``: photos to a gallery that can be searched."""

import argparse
from pathlib import Path

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._metadata_table import add_metadata_option, read_metadata
from fashionsdk.cli._options import (
    Help,
    Subparsers,
    add_command,
    add_photo_options,
    chosen_photos,
    load_embedder,
)
from fashionsdk.cli._out_file import OutKind, output_path
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli.galleries import contract_of
from fashionsdk.errors import GalleryError

HELP = Help(
    name="index",
    summary="embed photos into a gallery to search",
    description="""\
Embed photos and write a gallery: one file that 'fashionsdk search' and fashionsdk.Matcher search.

An item's key is its photo's path as given, without ./ and the like. Run the command in the folder that the paths are
relative to. With --overwrite an existing gallery is replaced in one step, after all photos are embedded.""",
    examples="""\
  fashionsdk index bundle/ photos/ --out shop.gallery
  fashionsdk index bundle/ photos/ --out shop.gallery --metadata products.csv
  fashionsdk index bundle/ photos/ --out shop.gallery --overwrite --on-error raise --json""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_photo_options(parser, "the gallery file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace the gallery at --out, with all its items")
    add_metadata_option(parser)


def run(args: argparse.Namespace) -> int:
    """Embed the photos, fill a matcher and save it."""
    from fashionsdk.search import Matcher
    from fashionsdk.search.stores import is_gallery

    found = chosen_photos(args)
    photos, tables = found.photos, [args.metadata] if args.metadata else []
    kind = OutKind("a gallery", (".gallery",), is_gallery, _count)
    inputs = [*tables, *photos]
    out = output_path(args.out, kind, bundle=args.bundle, inputs=inputs, overwrite=args.overwrite)
    metadata = read_metadata(args.metadata, photos)
    with load_embedder(args) as embedder:
        photo_run = PhotoRun.of(embedder, found, args.on_error)
        matcher = Matcher.open("memory:", contract=contract_of(embedder))
        for position, embeddings in photo_run(photos):
            key = photos[position]
            matcher.add([key], embeddings, [metadata.get(key, {})])
        matcher.save(out)
        note(f"wrote {len(matcher)} items to {out}")
        if args.json:
            print_json({"out": str(out), "attributes": photo_run.attributes, **photo_run.summary()})
    return 0


def _count(gallery: Path) -> str:
    """Say how many items a gallery holds."""
    from fashionsdk.search.stores import count_items

    try:
        count = count_items(gallery)
    except GalleryError:
        return "a damaged gallery"
    return "1 item" if count == 1 else f"{count:,} items"
