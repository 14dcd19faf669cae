"""``fashionsdk report``: one HTML page that shows how well a bundle retrieves."""

import argparse
from typing import TYPE_CHECKING

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._labelled_split import (
    HOW_QUERIES_ARE_CHOSEN,
    add_boxes_option,
    data_files,
    load_boxes,
    load_split,
)
from fashionsdk.cli._options import Help, Subparsers, add_command, add_data_options, add_out_option, load_embedder
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli._page_output import facts, page_path, require_attention, write_page
from fashionsdk.cli._table_format import labelled_data

if TYPE_CHECKING:
    from fashionsdk.report import Report

HELP = Help(
    name="report",
    summary="write an HTML report on labelled photos",
    description=f"""\
Write an HTML page about a bundle on labelled photos: MAP beside random, queries with their nearest items, attention
maps, embedding maps, and the training.

With BOXES the page says, attribute by attribute, how often attention's peak lies inside the attribute's box, beside one
fixed place (as fashionsdk point), and marks the attributes whose attention is no better. Without, it marks those whose
maps are nearly the same in every photo; it does not say that the others point.

{HOW_QUERIES_ARE_CHOSEN}

The page is one file without scripts or links, to open or send anywhere. It holds small copies of some of the photos. It
needs scikit-learn for the embedding maps: pip install 'fashionsdk[report]'.""",
    examples="""\
  fashionsdk report bundle/ --data shop/labels.csv --out report.html
  fashionsdk report bundle/ --data shop/ --split test --attribute neckline --out neckline.html
  fashionsdk report bundle/ --data shop/ --boxes boxes.csv --out report.html
  fashionsdk report bundle/ --data shop/ --no-maps --out report.html""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_data_options(parser)
    add_out_option(parser, "the HTML file to write; an existing page is replaced")
    add_boxes_option(parser)
    parser.add_argument("--no-maps", action="store_true", help="leave the embedding maps out, which take longest")


def run(args: argparse.Namespace) -> int:
    """Evaluate the split and write the page."""
    from fashionsdk.labels import LabelSource

    source = LabelSource.of(labelled_data(args), args.attribute)
    split = load_split(args, source)
    boxes = None if args.boxes is None else load_boxes(args, split, source)
    out = page_path(args, [*data_files(args, split), *([] if args.boxes is None else [args.boxes])])
    from fashionsdk.report import gather, render  # slow, so after the checks

    with load_embedder(args) as embedder:
        if boxes is not None:
            require_attention(embedder)
        photo_run = PhotoRun(embedder)
        manifest = embedder.bundle.manifest
        attention = manifest.attention_shape is not None
        data = {"Data": split.root.resolve().name, "Split": args.split, "Photos": f"{len(split.images):,}"}
        if split.products:
            data["Products"] = f"{split.product_count:,}; a query's own is left out of its ranking"
        report = gather(
            embedder,
            split,
            photo_run(split.sources, attention=attention),
            facts=facts(embedder, data),
            history=manifest.history,
            attention=attention,
            boxes=boxes,
            maps=not args.no_maps,
            progress=True,
        )
        write_page(out, render(report))
        if args.json:
            print_json({"out": str(out), **report.evaluation.to_json(), **_trust(report), **photo_run.summary()})
        for name, reason in ({} if report.trust is None else report.trust.doubts()).items():
            note(f"{name}: attention is {reason}; the page marks its maps as doubtful")
    return 0


def _trust(report: "Report") -> dict[str, object]:
    """Return how far attention can be trusted, as JSON values; nothing for a model without attention."""
    trust = report.trust
    if trust is None:
        return {}
    pointing = None if trust.pointing is None else trust.pointing.to_json()
    return {"attention": {"shared": dict(trust.shared), "pointing": pointing, "doubtful": trust.doubts()}}
