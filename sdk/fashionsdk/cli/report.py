"""``fashionsdk report``: one HTML page that shows how well a bundle retrieves."""

import argparse
from typing import TYPE_CHECKING

from fashionsdk.cli.options import Subparsers, add_command, add_data_options, add_out_option, load_embedder
from fashionsdk.cli.output import note, output_path, print_json, writing
from fashionsdk.cli.photos import PhotoRun
from fashionsdk.cli.split import HOW_QUERIES_ARE_CHOSEN, data_files, load_split

if TYPE_CHECKING:
    from fashionsdk.embedder import Embedder
    from fashionsdk.labels import RetrievalSplit

PAGE_MARK = b"<!doctype html>"

DESCRIPTION = f"""\
Write an HTML page about a bundle on labelled photos: MAP beside random, queries with their nearest items,
where the model looked, maps of the embeddings, and the training.
{HOW_QUERIES_ARE_CHOSEN}

The page is one file without scripts or links, to be opened or sent anywhere. It holds small copies of some of the
photos. Needs scikit-learn: pip install 'fashionsdk[report]'."""

EXAMPLES = """\
  fashionsdk report bundle/ --data shop/labels.csv --out report.html
  fashionsdk report bundle/ --data shop/ --split test --attribute neckline --out neckline.html"""


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "report",
        run,
        summary="write an HTML report on labelled photos",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    add_data_options(parser)
    add_out_option(parser, "the HTML file to write; replaced if it is a report")


def run(args: argparse.Namespace) -> int:
    """Evaluate the split and write the page."""
    from fashionsdk.report import gather, render

    split = load_split(args)
    out = output_path(args.out, "a report", PAGE_MARK, bundle=args.bundle, inputs=data_files(args, split))
    photo_run = PhotoRun(embedder := load_embedder(args))
    manifest = embedder.bundle.manifest
    report = gather(
        embedder,
        split,
        photo_run([str(path) for path in split.paths]),
        facts=_facts(embedder, split, args.split),
        history=manifest.history,
        attention=manifest.attention_shape is not None,
    )
    page = render(report).encode("utf-8")
    with writing(out) as file:
        file.write(page)
    note(f"wrote {out}")
    if args.json:
        print_json({"out": str(out), **report.evaluation.to_json(), **photo_run.summary()})
    return 0


def _facts(embedder: "Embedder", split: "RetrievalSplit", split_name: str) -> dict[str, str]:
    from datetime import UTC, datetime

    manifest = embedder.bundle.manifest
    return {
        "Model": manifest.model.architecture,
        "Backbone": manifest.model.backbone,
        "Data": split.root.resolve().name,
        "Split": split_name,
        "Photos": f"{len(split.images):,}",
        "Attributes": f"{len(manifest.attributes)}",
        "Vector": f"{embedder.dimension} numbers an attribute",
        "Input": f"{manifest.preprocessing.side} x {manifest.preprocessing.side} pixels",
        "Ran on": f"{embedder.backend.runtime}, {embedder.backend.device}, {embedder.backend.precision}",
        "Digest": embedder.model[:16],
        "Date": datetime.now(UTC).date().isoformat(),
    }
