"""``fashionsdk attention``: an HTML page of photos under each attribute's attention."""

import argparse
from pathlib import Path

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._find_photos import find_photos
from fashionsdk.cli._options import Subparsers, add_command, add_photo_options, load_embedder
from fashionsdk.cli._output import print_json
from fashionsdk.cli._page_output import facts, page_path, require_attention, write_page

DESCRIPTION = """\
Write an HTML page that shows, over each photo, where the model looks for each attribute, with the peak marked.

Photos are shown as the model sees them: the centre square. Needs a model with spatial attention. The page is one file
without scripts or links; it holds small copies of the photos, about 10 kB for each attribute and photo."""

EXAMPLES = """\
  fashionsdk attention bundle/ dress.jpg coat.jpg --out looks.html
  fashionsdk attention bundle/ photos/ --attribute neckline --attribute "sleeve length" --out looks.html"""


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "attention",
        run,
        summary="write an HTML page of where the model looks",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    add_photo_options(parser, "the HTML file to write; replaced if it is one")
    parser.add_argument(
        "--attribute", action="append", metavar="NAME", help="show this attribute; may be repeated (default: all)"
    )


def run(args: argparse.Namespace) -> int:
    """Embed the photos and write the page."""
    from fashionsdk.attributes import select
    from fashionsdk.report import gaze, render_gazes

    found = find_photos(args.photos, on_error=args.on_error)
    photos = found.photos
    out = page_path(args, photos)
    photo_run = PhotoRun(embedder := load_embedder(args), args.on_error, found.unreadable)
    require_attention(embedder)
    known = [attribute.name for attribute in embedder.attributes]
    names = [known[position] for position in select(known, args.attribute)]
    gazes = []
    for position, embeddings in photo_run(photos, attention=True):
        maps = embeddings.select(names).attention
        assert maps is not None, "attention was asked for"
        pixels = embedder.preprocessing.read(photos[position])
        gazes.append(gaze(pixels, maps[0], names, [None] * len(names), Path(photos[position]).name))
    write_page(out, render_gazes(gazes, facts(embedder, {"Photos": f"{len(gazes):,}"})))
    if args.json:
        print_json({"out": str(out), "attributes": names, **photo_run.summary()})
    return 0
