"""What commands that evaluate a bundle share: their answer."""

import argparse
from typing import TYPE_CHECKING, Any

from fashionsdk.cli._embed_photos import PhotoRun
from fashionsdk.cli._output import note, print_answer, print_json

if TYPE_CHECKING:
    from fashionsdk.evaluation import Scores


def print_scores(args: argparse.Namespace, scores: "Scores[Any]", photo_run: PhotoRun) -> None:
    """Print the scores as a table, or as JSON with what was embedded and skipped."""
    note(f"{args.data}, split {args.split}")
    if args.json:
        print_json({"data": args.data, "split": args.split, **scores.to_json(), **photo_run.summary()})
    else:
        print_answer(scores.table())
