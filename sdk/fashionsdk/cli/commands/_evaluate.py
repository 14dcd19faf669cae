"""``fashionsdk evaluate``: MAP and recall on labelled photos."""

import argparse

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._labelled_split import HOW_QUERIES_ARE_CHOSEN, load_split
from fashionsdk.cli._options import Subparsers, add_command, add_data_options, load_embedder
from fashionsdk.cli._output import note, print_json

DESCRIPTION = f"""\
Measure a bundle on labelled photos: mean average precision (MAP), what a random ranking would get, and
recall at 1 and 10, in percent, for each attribute and over all queries.

TABLE is a CSV file with the columns image (a path relative to it), split, and one for each attribute.
{HOW_QUERIES_ARE_CHOSEN}"""

EXAMPLES = """\
  fashionsdk evaluate bundle/ --data shop/labels.csv
  fashionsdk evaluate bundle/ --data shop/ --split test --attribute neckline --json"""


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "evaluate",
        run,
        summary="measure MAP on labelled photos",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    add_data_options(parser)


def run(args: argparse.Namespace) -> int:
    """Embed the split and print its scores."""
    import numpy as np

    from fashionsdk.evaluation import evaluate

    split = load_split(args)
    photo_run = PhotoRun(load_embedder(args))
    photos = [str(path) for path in split.paths]
    batches = ((np.array([position]), embeddings.vectors) for position, embeddings in photo_run(photos))
    names = [attribute.name for attribute in photo_run.embedder.attributes]
    evaluation = evaluate(split, batches, names)
    note(f"{args.data}, split {args.split}")
    if args.json:
        print_json({"data": args.data, "split": args.split, **evaluation.to_json(), **photo_run.summary()})
    else:
        print(evaluation.table())
    return 0
