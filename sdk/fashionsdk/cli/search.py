"""``fashionsdk search``: the items of a gallery that share an attribute with a photo."""

import argparse

from fashionsdk.cli.options import Subparsers, add_command, load_embedder, positive
from fashionsdk.cli.output import print_json, printable

DESCRIPTION = """\
Find the items of a gallery that are most similar to a photo in one attribute.

Prints a line for each: rank, score (cosine similarity, at most 1), key."""

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
    parser.add_argument("gallery", metavar="GALLERY", help="file that 'fashionsdk index' wrote with the same bundle")
    parser.add_argument("photo", metavar="PHOTO", help="the photo to compare")
    parser.add_argument(
        "--attribute", metavar="NAME", help="attribute to compare by; needed unless the gallery has only one"
    )
    parser.add_argument("-k", type=positive, default=10, metavar="K", help="how many items (default: 10)")


def run(args: argparse.Namespace) -> int:
    """Embed the photo and print its matches."""
    from fashionsdk.attributes import select
    from fashionsdk.matcher import Matcher

    embedder = load_embedder(args)
    matcher = Matcher.load(args.gallery, model=embedder.model)
    attribute = args.attribute
    if attribute is None and len(matcher.attributes) > 1:
        raise ValueError(f"no --attribute given; expected one of {', '.join(matcher.attributes)}")
    (position,) = select(matcher.attributes, attribute)
    query = embedder.embed([args.photo], matcher.attributes[position])
    matches = matcher.search(query, k=args.k)
    found = list(zip(matches.scores[0].tolist(), matches.keys[0], matches.metadata[0], strict=True))
    if args.json:
        rows = [{"key": key, "score": score, "metadata": metadata} for score, key, metadata in found]
        print_json({"photo": args.photo, "attribute": matches.attribute, "model": matcher.model, "matches": rows})
    else:
        print("rank   score  key")
        for rank, (score, key, _) in enumerate(found, 1):
            print(f"{rank:>4}  {score:>6.4f}  {printable(key)}")
    return 0
