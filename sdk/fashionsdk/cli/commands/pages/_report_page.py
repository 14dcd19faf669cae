"""``fashionsdk report``: one HTML page that shows how well a bundle retrieves."""

import argparse

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._labelled_split import HOW_QUERIES_ARE_CHOSEN, data_files, load_split
from fashionsdk.cli._options import Help, Subparsers, add_command, add_data_options, add_out_option, load_embedder
from fashionsdk.cli._output import print_json
from fashionsdk.cli._page_output import facts, page_path, write_page

HELP = Help(
    name="report",
    summary="write an HTML report on labelled photos",
    description=f"""\
Write an HTML page about a bundle on labelled photos: MAP beside random, queries with their nearest items, attention
maps, embedding maps, and the training.
{HOW_QUERIES_ARE_CHOSEN}

The page is one file without scripts or links, to open or send anywhere. It holds small copies of some of the photos. It
needs scikit-learn for the embedding maps: pip install 'fashionsdk[report]'.""",
    examples="""\
  fashionsdk report bundle/ --data shop/labels.csv --out report.html
  fashionsdk report bundle/ --data shop/ --split test --attribute neckline --out neckline.html
  fashionsdk report bundle/ --data shop/ --no-maps --out report.html""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_data_options(parser)
    add_out_option(parser, "the HTML file to write; an existing page is replaced")
    parser.add_argument("--no-maps", action="store_true", help="leave the embedding maps out, which take longest")


def run(args: argparse.Namespace) -> int:
    """Evaluate the split and write the page."""
    split = load_split(args)
    out = page_path(args, data_files(args, split))
    from fashionsdk.report import gather, render  # slow, so after the checks

    with load_embedder(args) as embedder:
        photo_run = PhotoRun(embedder)
        manifest = embedder.bundle.manifest
        data = {"Data": split.root.resolve().name, "Split": args.split, "Photos": f"{len(split.images):,}"}
        report = gather(
            embedder,
            split,
            photo_run(split.sources),
            facts=facts(embedder, data),
            history=manifest.history,
            attention=manifest.attention_shape is not None,
            maps=not args.no_maps,
            progress=True,
        )
        write_page(out, render(report))
        if args.json:
            print_json({"out": str(out), **report.evaluation.to_json(), **photo_run.summary()})
    return 0
