"""``fashionsdk search``: the items of a gallery that share an attribute with a photo."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fashionsdk.cli.options import Subparsers, add_command, filled, load_embedder, positive
from fashionsdk.cli.output import print_json, printable

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
    parser.add_argument(
        "gallery", type=filled, metavar="GALLERY", help="file that 'fashionsdk index' wrote with the same bundle"
    )
    parser.add_argument("photo", type=filled, metavar="PHOTO", help="the photo to compare")
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
        print("\n".join(_table(found)))
    return 0


def _table(found: Sequence[tuple[float, str, Mapping[str, Any]]]) -> Iterator[str]:
    """Yield a head and a line for each match, with a column for each entry that a match's metadata has."""
    names = list(dict.fromkeys(name for *_, metadata in found for name in metadata))
    cells = [["key", *map(printable, names)]]
    cells += [[printable(key), *(_cell(metadata.get(name, "")) for name in names)] for _, key, metadata in found]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    starts = ["rank   score", *(f"{rank:>4}  {score:>6.4f}" for rank, (score, *_) in enumerate(found, 1))]
    for start, row in zip(starts, cells, strict=True):
        yield "  ".join([start, *map(str.ljust, row, widths)]).rstrip()


def _cell(value: object) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value))
