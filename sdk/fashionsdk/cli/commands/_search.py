"""``fashionsdk search``: the items of a gallery that share an attribute with a photo."""

import argparse

from fashionsdk.cli._find_photos import plain
from fashionsdk.cli._options import Help, Subparsers, add_command, load_embedder
from fashionsdk.cli._output import note
from fashionsdk.cli._print_matches import add_query_arguments, load_gallery, print_matches

HELP = Help(
    name="search",
    summary="find similar items in a gallery",
    description="""\
Find the items of a gallery that are most similar to a photo in one attribute.

The output has a line for each item: rank, score (cosine similarity, at most 1), key, and metadata if there is any.""",
    examples="""\
  fashionsdk search bundle/ shop.gallery dress.jpg --attribute neckline
  fashionsdk search bundle/ shop.gallery dress.jpg --attribute colour -k 50 --json
  fashionsdk search bundle/ shop.gallery shop/12.jpg --attribute colour --exclude-self""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_query_arguments(parser, k=10)
    parser.add_argument(
        "--exclude-self", action="store_true", help="leave out the item whose key is PHOTO, which is most like itself"
    )


def run(args: argparse.Namespace) -> int:
    """Embed the photo and print its matches."""
    with load_embedder(args) as embedder:
        matcher, attribute = load_gallery(args, embedder)
        key = plain(args.photo)
        if args.exclude_self and key not in matcher:
            note(f"the gallery has no item {key} to leave out; expected PHOTO as it was given to 'fashionsdk index'")
        query = embedder.embed([args.photo], attribute)
        matches = matcher.search(query, k=args.k, exclude=[key] if args.exclude_self else None)
    print_matches(args, matches, matcher.model)
    if key in matches.keys[0]:
        note("the photo is in the gallery and finds itself; --exclude-self leaves it out")
    return 0
