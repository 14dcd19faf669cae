"""``fashionsdk triplets``: triplet prediction accuracy on the lists of the CSN paper."""

import argparse

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._options import Help, Subparsers, add_batch_options, add_command, load_embedder, nonblank
from fashionsdk.cli._print_scores import print_scores

HELP = Help(
    name="triplets",
    summary="measure triplet prediction accuracy",
    description="""\
Measure a bundle on triplets of photos: how often the model finds the anchor more like the positive than like the
negative, in percent, for each attribute and over all triplets. Guessing reaches 50.

FOLDER holds filenames.json, the lists NAME_tripletlist_SPLIT.txt (there or in tripletlists/) and the photos (there or
in ut-zap50k-images/): Zappos50k with the lists of the Conditional Similarity Networks.""",
    examples="""\
  fashionsdk triplets bundle/ --data Zappos50k/ --split test
  fashionsdk triplets bundle/ --data Zappos50k/ --attribute heel --json""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    parser.add_argument("--data", required=True, type=nonblank, metavar="FOLDER", help="folder of the triplet lists")
    parser.add_argument("--split", default="val", help="use these lists: train, val or test (default: val)")
    parser.add_argument(
        "--attribute", action="append", metavar="NAME", help="use this attribute only; may be repeated (default: all)"
    )
    add_batch_options(parser)


def run(args: argparse.Namespace) -> int:
    """Embed the split and print its scores."""
    from fashionsdk.evaluation import evaluate_triplets
    from fashionsdk.labels import CSN_ATTRIBUTES, read_triplets

    split = read_triplets(args.data, args.split, args.attribute or CSN_ATTRIBUTES).needed()
    with load_embedder(args) as embedder:
        photo_run = PhotoRun(embedder)
        scores = evaluate_triplets(split, photo_run.batches(split.paths), photo_run.attributes)
        print_scores(args, scores, photo_run)
    return 0
