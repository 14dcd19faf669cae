"""``fashionsdk evaluate``: MAP and recall on labelled photos."""

import argparse

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._labelled_split import HOW_QUERIES_ARE_CHOSEN, load_split
from fashionsdk.cli._options import Help, Subparsers, add_command, add_data_options, load_embedder
from fashionsdk.cli._print_scores import print_scores

HELP = Help(
    name="evaluate",
    summary="measure MAP on labelled photos",
    description=f"""\
Measure a bundle on labelled photos: mean average precision (MAP), the MAP of a random ranking, and recall at 1 and 10,
in percent, for each attribute and over all queries.

TABLE is a CSV file with the columns image (a path relative to it), split, and one for each attribute.
{HOW_QUERIES_ARE_CHOSEN}""",
    examples="""\
  fashionsdk evaluate bundle/ --data shop/labels.csv
  fashionsdk evaluate bundle/ --data shop/ --split test --attribute neckline --json""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    add_data_options(add_command(subparsers, HELP, run))


def run(args: argparse.Namespace) -> int:
    """Embed the split and print its scores."""
    from fashionsdk.evaluation import evaluate

    split = load_split(args)
    with load_embedder(args) as embedder:
        photo_run = PhotoRun(embedder)
        scores = evaluate(split, photo_run.batches(split.sources), photo_run.attributes, embedder.values)
        print_scores(args, scores, photo_run)
    return 0
