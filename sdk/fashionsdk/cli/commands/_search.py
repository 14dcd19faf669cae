"""``fashionsdk search``: the items of a gallery that share an attribute with a photo."""

import argparse

from fashionsdk.cli._options import Help, Subparsers, add_command, load_embedder
from fashionsdk.cli._print_matches import add_query_arguments, load_gallery, print_matches

HELP = Help(
    name="search",
    summary="find similar items in a gallery",
    description="""\
Find the items of a gallery that are most similar to a photo in one attribute.

The output has a line for each item: rank, score (cosine similarity, at most 1), key, and metadata if there is any.""",
    examples="""\
  fashionsdk search bundle/ shop.gallery dress.jpg --attribute neckline
  fashionsdk search bundle/ shop.gallery dress.jpg --attribute colour -k 50 --json""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    add_query_arguments(add_command(subparsers, HELP, run), k=10)


def run(args: argparse.Namespace) -> int:
    """Embed the photo and print its matches."""
    with load_embedder(args) as embedder:
        matcher, attribute = load_gallery(args, embedder)
        matches = matcher.search(embedder.embed([args.photo], attribute), k=args.k)
    print_matches(args, matches, matcher.model)
    return 0
