"""``fashionsdk search``: the items of a gallery that share an attribute with a photo."""

import argparse

from fashionsdk.cli._options import Subparsers, add_command
from fashionsdk.cli._print_matches import add_query_arguments, load_gallery, print_matches

DESCRIPTION = """\
Find the items of a gallery that are most similar to a photo in one attribute.

Prints a line for each: rank, score (cosine similarity, at most 1), key, and the metadata if there is any."""

EXAMPLES = """\
  fashionsdk search bundle/ shop.gallery dress.jpg --attribute neckline
  fashionsdk search bundle/ shop.gallery dress.jpg --attribute colour -k 50 --json"""


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "search",
        run,
        summary="find similar items in a gallery",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    add_query_arguments(parser, k=10)


def run(args: argparse.Namespace) -> int:
    """Embed the photo and print its matches."""
    embedder, matcher, attribute = load_gallery(args)
    matches = matcher.search(embedder.embed([args.photo], attribute), k=args.k)
    print_matches(args, matches, matcher.model)
    return 0
