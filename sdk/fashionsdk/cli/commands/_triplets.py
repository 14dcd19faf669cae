"""``fashionsdk triplets``: triplet prediction accuracy on the lists of the CSN paper."""

import argparse

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._options import Subparsers, add_batch_options, add_command, filled, load_embedder
from fashionsdk.cli._output import note, print_json

DESCRIPTION = """\
Measure a bundle on triplets of photos: how often it finds the anchor more like the positive than like the
negative, in percent, for each attribute and over all triplets. Guessing reaches 50.

FOLDER holds filenames.json, the lists NAME_tripletlist_SPLIT.txt (there or in tripletlists/) and the photos
(there or in ut-zap50k-images/): Zappos50k with the lists of the Conditional Similarity Networks."""

EXAMPLES = """\
  fashionsdk triplets bundle/ --data Zappos50k/ --split test
  fashionsdk triplets bundle/ --data Zappos50k/ --attribute heel --json"""


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "triplets",
        run,
        summary="measure triplet prediction accuracy",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    parser.add_argument("--data", required=True, type=filled, metavar="FOLDER", help="folder of the triplet lists")
    parser.add_argument("--split", default="val", help="which lists: train, val or test (default: val)")
    parser.add_argument(
        "--attribute", action="append", metavar="NAME", help="judge this attribute only; may be repeated (default: all)"
    )
    add_batch_options(parser)


def run(args: argparse.Namespace) -> int:
    """Embed the split and print its scores."""
    import numpy as np

    from fashionsdk.evaluation import evaluate_triplets
    from fashionsdk.labels import CSN_ATTRIBUTES, read_triplets

    split = read_triplets(args.data, args.split, args.attribute or CSN_ATTRIBUTES).needed()
    photo_run = PhotoRun(load_embedder(args))
    photos = [str(path) for path in split.paths]
    batches = ((np.array([position]), embeddings.vectors) for position, embeddings in photo_run(photos))
    names = [attribute.name for attribute in photo_run.embedder.attributes]
    evaluation = evaluate_triplets(split, batches, names)
    note(f"{args.data}, split {args.split}")
    if args.json:
        print_json({"data": args.data, "split": args.split, **evaluation.to_json(), **photo_run.summary()})
    else:
        print(evaluation.table())
    return 0
