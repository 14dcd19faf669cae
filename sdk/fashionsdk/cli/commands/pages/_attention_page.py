"""``fashionsdk attention``: an HTML page of photos under each attribute's attention."""

import argparse
from pathlib import Path

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._options import (
    Help,
    Subparsers,
    add_command,
    add_photo_options,
    chosen_attributes,
    chosen_photos,
    load_embedder,
)
from fashionsdk.cli._output import print_json
from fashionsdk.cli._page_output import facts, page_path, require_attention, write_page

HELP = Help(
    name="attention",
    summary="write an HTML page of attention maps",
    description="""\
Write an HTML page that shows each photo under the attention of each attribute. A ring marks the peak.

Photos are shown as far as the model sees them. The model must have spatial attention. The page is one file without
scripts or links. It holds small copies of the photos, about 10 kB for each attribute and photo.""",
    examples="""\
  fashionsdk attention bundle/ dress.jpg coat.jpg --out attention.html
  fashionsdk attention bundle/ photos/ --attribute neckline --attribute "sleeve length" --out attention.html""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_photo_options(parser, "the HTML file to write; an existing page is replaced")
    parser.add_argument(
        "--attribute", action="append", metavar="NAME", help="show this attribute; may be repeated (default: all)"
    )


def run(args: argparse.Namespace) -> int:
    """Embed the photos and write the page."""
    found = chosen_photos(args)
    photos = found.photos
    out = page_path(args, photos)
    from fashionsdk.report import overlay_attention, render_attention  # slow, so after the checks

    with load_embedder(args) as embedder:
        photo_run = PhotoRun.of(embedder, found, args.on_error)
        require_attention(embedder)
        names = chosen_attributes(args, embedder.attributes)
        overlays = []
        for position, embeddings in photo_run(photos, attention=True):
            attention = embeddings.select(names).attention
            assert attention is not None, "attention was requested"
            pixels, placement = embedder.preprocessing.read_placed(photos[position])
            caption = Path(photos[position]).name
            nothing = [None] * len(names)
            overlays.append(overlay_attention(pixels, attention[0], names, nothing, caption, placement))
        write_page(out, render_attention(overlays, facts(embedder, {"Photos": f"{len(overlays):,}"})))
        if args.json:
            print_json({"out": str(out), "attributes": names, **photo_run.summary()})
    return 0
